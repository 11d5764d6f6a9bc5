"""Plain data that every other room speaks: messages, peers, media, topics, profiles, events, interval sets. No I/O."""
