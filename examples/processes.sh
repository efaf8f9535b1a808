# For the scripts of the examples: processes that are started in order and all end with the script.
# Sets `folder`, a temporary folder for their logs and files.

folder=$(mktemp -d)
pids=''

finish() {
  trap - EXIT INT TERM
  for pid in $pids; do # the newest first: proxies settle what they have before Redis goes
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME PATTERN COMMAND…: starts it and waits until its log has PATTERN.
start() {
  local name=$1 pattern=$2 log=$folder/$1.log
  shift 2
  : >"$log"
  "$@" >"$log" 2>&1 &
  local pid=$!
  pids="$pid $pids"
  until grep -q "$pattern" "$log"; do
    if ! kill -0 "$pid" 2>/dev/null; then
      echo "$name ended:" >&2
      cat "$log" >&2
      exit 1
    fi
    sleep 0.1
  done
}

# redis NAME PORT OPTION…: a redis-server on loopback that keeps nothing.
redis() {
  local name=$1 port=$2
  shift 2
  mkdir -p "$folder/$name"
  start "$name" 'Ready to accept connections' \
    redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder/$name" "$@"
}

# stay: until one of the processes ends that must not.
stay() {
  while sleep 0.5; do
    for pid in $pids; do
      case " ${mortal:-} " in *" $pid "*) continue ;; esac
      if ! kill -0 "$pid" 2>/dev/null; then
        echo 'one of the processes ended, so all of them are ended' >&2
        exit 1
      fi
    done
  done
}
