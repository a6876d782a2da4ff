"""The canary crawl: every closed text carries words that stand nowhere else, and nothing but its door may say them.

words      makes these words, and finds them in any answer however it is packed, escaped or cut
corpus     the magazine: each access with each kind of text, and every place that a text has
addresses  what fills the parameters of every rule of the URL map
walking    who asks, in which manners, and what they may be told
stores     what is kept outside the database: pages, letters, files
"""
