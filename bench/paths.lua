-- wrk -s bench/paths.lua URL: asks for the stories one after the other, each once.
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
function init()
  at = 1 + number
end
function request()
  local path = "/articles/story-" .. at
  at = at + 2
  return wrk.format("GET", path)
end
