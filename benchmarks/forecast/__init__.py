"""A back-test of the forecast: does its interval hold what it promises, and does it cry wolf?"""
