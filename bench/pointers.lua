-- wrk -s bench/pointers.lua URL -- FILE: asks the meter at URL as the visitors whose pointers FILE has, one after the other.
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
function init(args)
  pointers = {}
  for line in io.lines(args[1]) do pointers[#pointers + 1] = line end
  at = number
  wrk.method = "POST"
  wrk.headers["Accept"] = "application/json"
  wrk.headers["Sec-Fetch-Site"] = "same-origin"
end
function request()
  wrk.headers["Cookie"] = "masthead_reader=" .. pointers[1 + at % #pointers]
  at = at + 2
  return wrk.format()
end
