"""Tests of several real parts together, over the sandbox's wire."""
