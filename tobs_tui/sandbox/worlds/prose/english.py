"""English: small talk, technical talk, questions about maps, and a science channel's posts."""

from __future__ import annotations

from tobs_tui.sandbox.worlds.prose.talk import Bank

CASUAL = Bank(
    openers=(
        "Anyone up for {plan} on {day}?", "I found {thing} at the flea market today, couldn't resist",
        "Are you home {day}? I'd drop by with {food}", "Long day. How was yours?",
        "Did you end up trying that {food} place near the {place}?", "Remind me, when does the {place} close?",
        "The weather says {weather} for {day}. Do we still want {plan}?", "Guess who I met at the {place} just now",
        "I finally fixed the {object}. Took me all morning", "Do you still have my {object}?",
        "Can somebody water the plants while I'm away? Back on {day}", "Reading a book about {topic}, you'd love it",
        "Happy birthday!! 🎉 {food} is on me", "The train is late again, I'll be there around {time}",
        "I need a recipe for {food}, the simple kind", "Quick question: {day} or the day after for {plan}?",
        "Look at the sky right now 🌇", "My neighbour started learning the {instrument}. At {time}. Every day.",
    ),
    answers=(
        "Sounds good to me", "Count me in 🙌", "I can't on {day}, but the weekend works", "Haha, classic",
        "Only if there is {food}", "Let me check and get back to you",
        "I'd rather stay in, it's going to be {weather}",
        "Yes! Around {time}?", "We did that last year, remember? With the {object} and everything",
        "I'll bring {food}", "No way 😂", "Depends. How far is it from the {place}?",
        "I'm at the {place}, call you later",
        "That reminds me, I still owe you for the {object}", "Nice! Send a picture when you get there",
        "My sister says the one by the {place} is better", "Not sure, I might have to work on {day}",
        "Oh that's lovely ❤️", "Take an umbrella, they say {weather}", "It was fine, mostly emails and {food}",
        "Let's do {time}, then we have some light left", "I read something about {topic} there once",
        "You can keep it, I bought a new {object}", "I'd say {plan} first and then {food}",
        "Sorry, just saw this. Still on?", "Ask Noor, she knows everybody at the {place}",
        "Same here. {day} is always like that", "If it rains we can always do {plan} instead",
    ),
    closers=(
        "👍", "See you then!", "Perfect", "Great, {time} it is", "❤️", "Thanks!", "haha ok", "Deal", "Good night 🌙",
        "On my way", "Talk tomorrow", "🎉🎉", "Got it, thank you", "Let's do that", "😅", "Will do",
    ),
    gaps={
        "plan": ("a walk along the river", "board games", "the museum", "a swim", "the cinema", "a bike ride",
                 "the street food market", "a hike", "karaoke", "the botanical garden"),
        "day": ("Friday", "Saturday", "Sunday", "Monday", "Thursday", "tomorrow", "the 14th", "Wednesday"),
        "thing": ("a brass lamp", "an old atlas", "a box of postcards", "a working typewriter",
                  "three vinyl records"),
        "food": ("dumplings", "lemon cake", "pizza", "pho", "falafel", "pancakes", "ramen", "curry",
                 "cinnamon rolls"),
        "place": ("library", "harbour", "old station", "bakery", "park", "market hall", "pool", "observatory",
                  "pharmacy"),
        "weather": ("rain", "sun all day", "a storm", "snow", "fog in the morning", "34 degrees", "wind"),
        "object": ("drill", "bicycle", "tent", "coffee machine", "ladder", "radio", "suitcase", "blue jacket"),
        "topic": ("lighthouses", "the history of maps", "mushrooms", "deep-sea cables", "bees", "typography"),
        "time": ("7:30", "noon", "six", "half past eight", "9 pm", "four-ish", "10:15"),
        "instrument": ("trombone", "bagpipes", "drums", "violin", "accordion"),
    },
)

TECH = Bank(
    openers=(
        "Has anybody run {tool} with {lang} {version} in production?", "Why does `{call}` block when {cond}?",
        "I'm getting `{error}` after upgrading to {version}, any ideas?",
        "What do you use for {task} these days? We're on {tool} and not happy",
        "TIL {tool} has a flag for {task}. Three years I wrote that by hand 🤦",
        "Is there a way to make {tool} behave when {cond}?",
        "Just published a write-up about {task} with {tool}: https://example.org/blog/{slug}",
        "Benchmarks are in: {number} requests/s with {tool}, about {percent} % better than before",
        "Can someone review my approach to {task}? It works but feels wrong",
        "Memory climbs to {number} MB whenever {cond}. Profiler shows nothing obvious",
        "Unpopular opinion: {tool} is fine for {task}", "How do you test code that does {task}?",
        "Release day! {version} ships with better {task} 🎉 #release",
        "Looking for a talk about {task} for beginners, in English or Spanish",
        "Does anyone remember the environment variable that makes {tool} verbose?",
        "CI is red again: `{error}` on the {os} runner only",
    ),
    answers=(
        "Check whether {cond}, that bit us last month", "We switched from {tool} to {tool2} and never looked back",
        "`{call}` is not thread-safe, put it behind a lock", "Which version? {version} had a bug there",
        "Works here on {os}", "Have you tried `{call}` with a timeout?",
        "Read the docs on {task}, second section: https://docs.example.org/{slug}",
        "It's {number} lines, you could just vendor it", "Profile first. My guess is {task}",
        "Same problem on {os}, no fix so far", "There's an open issue, somebody posted a workaround",
        "I'd split that in two: one part for {task}, one for everything else",
        "```python\nwith {call} as handle:\n    handle.read()\n```\nthis is all you need",
        "Careful, that allocates on every call", "We measured it: {percent} % of the time goes into {task}",
        "You're holding it wrong 😄 but seriously, {tool} isn't made for {task}",
        "Add `{flag}` and try again", "Depends on how often {cond}", "+1, I'd like to know as well",
        "For {task} I always reach for {tool2}", "That error means {cond}. The message could be clearer",
        "I'd accept the {percent} % and move on", "The maintainers said they'd look at it in {version}",
        "Please paste the full traceback, `{error}` alone could be anything",
        "Nope, still `{error}`", "A queue between the two. Bounded, please",
        "Not worth it below {number} rows", "Thanks @mira_codes, that was the missing piece",
    ),
    closers=(
        "That fixed it, thank you!", "🙏", "Works now", "Good to know", "Will try tonight", "👀", "Ha, of course",
        "Opened an issue", "merged ✅", "Nice find", "TIL", "👍", "Thanks all", "So it was {cond} after all",
        "Closing this, the answer was `{flag}`",
    ),
    gaps={
        "tool": ("SQLite", "uvloop", "Redis", "Postgres", "ruff", "pytest", "Celery", "nginx", "httpx", "DuckDB",
                 "Polars"),
        "tool2": ("asyncpg", "msgspec", "trio", "Caddy", "ripgrep", "Parquet", "plain files", "ZeroMQ",
                  "systemd timers"),
        "lang": ("Python", "Rust", "Go", "TypeScript", "Zig", "Elixir"),
        "version": ("3.11", "3.12", "3.13", "2.0", "1.45", "0.9.3", "the nightly", "3.14"),
        "call": ("open()", "await queue.get()", "loop.run_in_executor()", "select()", "subprocess.run()",
                 "json.loads()"),
        "cond": ("the pipe is full", "two workers share a socket", "the clock jumps", "the cache is cold",
                 "stdin is not a terminal", "the file is on NFS", "the list is empty", "TLS is involved"),
        "error": ("BrokenPipeError", "ECONNRESET", "RecursionError", "database is locked", "Segmentation fault",
                  "UnicodeDecodeError", "Too many open files"),
        "task": ("connection pooling", "schema migrations", "back-pressure", "log rotation", "date parsing",
                 "fuzzing",
                 "incremental builds", "rate limiting", "zero-downtime deploys", "property tests"),
        "slug": ("pooling", "why-queues", "fast-json", "async-pitfalls", "sqlite-wal", "notes-2024"),
        "number": ("120", "400", "1,500", "12,000", "64", "980", "30,000"), "percent": ("3", "12", "40", "65", "90",
                   "18"),
        "os": ("Linux", "macOS", "Windows", "FreeBSD", "Alpine"),
        "flag": ("--no-cache", "-X utf8", "PYTHONASYNCIODEBUG=1", "--workers 4", "journal_mode=WAL", "-v"),
    },
)

MAPS = Bank(
    openers=(
        "The {layer} layer is off by a few metres around {city}", "New build is up, please test {feature}",
        "Who surveyed the {layer} in {city}? It looks great", "Feature request: {feature} when offline",
        "Printing the {city} sheet tonight, last chance for corrections", "I can't get {feature} to work on a tablet",
        "Proposal: we colour the {layer} by {quality}", "Meetup in {city} next month, who is in?",
        "Anybody with a GPS trace of the {layer} near {city}?",
        "{feature} crashes for me when I zoom past level {level}",
    ),
    answers=(
        "Confirmed, I see it too at level {level}", "Fixed in the {layer} branch",
        "Not reproducible here, which device?",
        "I have traces from spring, will upload tonight", "The legend should say {quality}, not just a colour",
        "Let's postpone {feature} to the next release", "Great work, the {layer} has never looked better",
        "Count me in for {city}!", "Could be the projection. Try level {level} and compare",
        "We need a second pair of eyes on the {layer}", "The satellite image is from 2019, don't trust it",
        "I'd love {feature}, I walk there every week", "Added to the list", "Please attach a screenshot",
    ),
    closers=("Thanks!", "Closed ✅", "🗺️", "Done", "Great", "See you there", "👍", "Uploaded", "Perfect, merging"),
    gaps={
        "layer": ("footpath", "contour", "building", "hydrology", "rail", "cycle route", "vegetation", "bus stop"),
        "city": ("Lisbon", "Tbilisi", "Osaka", "Kraków", "Valparaíso", "Nairobi", "Tromsø", "Hyderabad"),
        "feature": ("offline search", "the compass", "GPX import", "dark mode", "label placement", "tile export"),
        "quality": ("surface", "width", "last survey date", "slope", "owner"), "level": ("14", "16", "18", "19"),
    },
)

POSTS = Bank(
    openers=(
        "**{object} seen in a new light**\n\nA team at {institute} has combined {number} exposures of {object}. "
        "{finding}.\n\nRead more: https://example.org/orbit/{slug} #astronomy",
        "**Launch window moved to {day}**\n\nWinds over {site} were above the limit. The crew stays on the ground, the "
        "payload ({payload}) is healthy.",
        "**What to look for this week**\n\n• {object} rises around midnight\n• {planet} close to the Moon on {day}\n"
        "• the best view is away from city lights",
        "**Number of the day: {number}**\n\nThat many {thing} were counted in the latest survey from {institute}. "
        "{finding}.",
        "**Explained: {topic}**\n\nIt sounds complicated, but it comes down to one idea. {finding}. #explained",
        "**Touchdown!** 🚀\n\nBack on the ground near {site} after {days} days in orbit: "
        "{payload}. All systems healthy.",
        "**Photo of the week**\n\n{object}, taken from {site} with a backyard telescope.",
    ),
    answers=(
        "Wow, what a picture", "How long was the exposure?", "I saw {planet} yesterday, so bright!",
        "Is there a paper?",
        "Clouds here, as always", "My kids loved this one", "Where can I read more about {topic}?", "Amazing work",
        "{number} sounds like a lot, is that with the new catalogue?", "I'd love to visit {site} one day",
        "Correction: it was {day}, not later", "The explanation of {topic} finally made it click for me",
        "Great channel, thank you 🙏", "Shared with my astronomy club", "What telescope do I need for {object}?",
    ),
    closers=("🔭", "❤️", "🚀🚀", "Thanks!", "Beautiful", "Subscribed", "😍", "Same here"),
    gaps={
        "object": ("the Orion Nebula", "M51", "the Crab Nebula", "Comet 12P", "the Pleiades", "Andromeda", "Ceres"),
        "institute": ("a southern observatory", "the Nordic telescope", "a university in Pune", "the radio array"),
        "number": ("42", "117", "1,208", "365", "9", "88,000", "512"),
        "finding": ("The dust turned out to be younger than expected", "Nobody had predicted the second peak",
                    "The result agrees with theory to one part in a thousand", "The data are open to everybody"),
        "days": ("nine", "40", "112", "365"),
        "slug": ("m51", "dust", "second-peak", "window", "comet", "catalogue"),
        "day": ("Tuesday", "Friday", "the 9th", "the 21st", "Sunday"),
        "site": ("the desert station", "La Palma", "the coast", "the steppe", "Kiruna"),
        "payload": ("a weather satellite", "the sample capsule", "two cubesats", "the new antenna"),
        "planet": ("Venus", "Jupiter", "Saturn", "Mars"), "thing": ("galaxies", "craters", "meteors", "asteroids"),
        "topic": ("gravitational lensing", "orbital resonance", "the Hubble tension", "adaptive optics", "libration"),
    },
)

FLAT = Bank(
    openers=(
        "The {part} on floor {floor} is broken again", "Parcel for {name} at mine, ring any time after {time}",
        "Reminder: {event} on {day}", "Whose {object} is in the hallway?", "Water will be off on {day} from {time}",
        "Found a set of keys by the {part}", "Could we please keep the {part} closed at night?",
    ),
    answers=(
        "Called the management, they come on {day}", "That's mine, sorry! I'll move it", "Thank you for telling us",
        "Again?!", "I can help on {day}", "Same on floor {floor}", "They said that last time too",
        "I'm in, floor {floor}",
        "Could it be {name}'s?", "After {time} works for me",
    ),
    closers=("👍", "Thanks!", "Solved", "🙏", "ok", "See you on {day}"),
    gaps={
        "part": ("lift", "front door", "bicycle room", "hall light", "intercom", "letter box"),
        "floor": ("2", "3", "4", "5", "1"), "name": ("Ms. Okafor", "the Lindqvists", "Mr. Haddad", "Jun",
                  "the Rossis"),
        "time": ("18:00", "9:00", "lunch", "19:30"), "day": ("Monday", "Saturday", "the 3rd", "Thursday"),
        "event": ("stairwell cleaning", "the house meeting", "the meter reading", "the courtyard party"),
        "object": ("pram", "blue bike", "drying rack", "cactus", "ladder"),
    },
)

BOOKS = Bank(
    openers=(
        "What did you think of chapter {number}?", "Vote for the next one: {book} or {book2}?",
        "I finished {book} last night. No spoilers, but wow", "Where are we meeting on {day}?",
        "The translation of {book} reads so well", "Who is the narrator, really?", "Audio or paper for {book}?",
    ),
    answers=(
        "Loved it until page {page}, then it dragged", "{book2} please, we've had enough sad ones",
        "I'm only on page {page}",
        "The ending of chapter {number} got me", "I'd say the café, {day} at seven",
        "The library has two copies of {book}",
        "I listened to it while cooking", "Still thinking about that scene on page {page}", "Honestly? Not for me",
        "The first sentence alone is worth it",
    ),
    closers=("📚", "Agreed", "See you on {day}", "❤️", "Ha!", "Bringing cookies", "Fine with me"),
    gaps={
        "number": ("3", "7", "12", "21"), "page": ("40", "112", "205", "318"),
        "book": ("The Lighthouse Keeper", "Salt Roads", "A Map of Small Hours", "The Quiet Engine"),
        "book2": ("Winter Harbour", "Nine Bridges", "The Glass Orchard"), "day": ("Tuesday", "Thursday", "the 12th"),
    },
)

BOARD = Bank(
    openers=(
        "Draft budget for {quarter} is in the folder, comments by {day} please",
        "Can we move the vote on {item} to {day}?",
        "Confidential: the offer from {party} is at {amount}", "Minutes of the last meeting are ready",
        "Legal has questions about {item}",
    ),
    answers=(
        "Agreed", "I have a conflict of interest on {item}, abstaining", "{amount} is above what we approved",
        "Let's discuss on the call", "Please do not forward this", "Fine for {quarter}", "Noted, thank you",
        "I'd want to see the numbers behind {amount} first",
    ),
    closers=("Approved", "Thank you", "Noted", "👍", "See you on {day}"),
    gaps={
        "quarter": ("Q1", "Q2", "Q3", "Q4"), "day": ("Monday", "Wednesday", "Friday"),
        "item": ("the lease", "the merger", "the audit", "the new site", "item 4"),
        "party": ("Northwind", "the bank", "the city", "Contoso"), "amount": ("1.2 M", "340 k", "86 k", "2.05 M"),
    },
)
