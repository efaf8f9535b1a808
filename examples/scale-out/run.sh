#!/usr/bin/env bash
# PROXIES proxies behind a plain TCP balancer that knows nothing of sessions, over one Redis, a Redis Cluster of three
# masters, or a master and replica under three Sentinels. All of it listens on loopback only, and Ctrl-C ends all of it.
set -euo pipefail

count=${PROXIES:-3}
kind=${REDIS:-single} # single, cluster or sentinel
base=${BASE_PORT:-6400} # the ports from here: balancer, sandbox, Redis and its sentinels, and the proxies from base + 10

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
portcullis=$here/../../bin/portcullis.js
# shellcheck source=../processes.sh
source "$here/../processes.sh"

case $kind in
  single)
    redis redis $((base + 2))
    PORTCULLIS_REDIS=redis://127.0.0.1:$((base + 2))
    ;;
  cluster)
    nodes=''
    for i in 2 3 4; do
      redis "redis-$i" $((base + i)) --cluster-enabled yes --cluster-port $((base + i + 3)) --cluster-node-timeout 2000
      nodes="$nodes 127.0.0.1:$((base + i))"
    done
    # shellcheck disable=SC2086
    redis-cli --cluster create $nodes --cluster-yes >"$folder/cluster.log"
    until redis-cli -p $((base + 2)) cluster info | grep -q cluster_state:ok; do sleep 0.1; done
    PORTCULLIS_REDIS=$(printf ',redis://%s' $nodes | cut -c2-)
    ;;
  sentinel)
    redis master $((base + 2)) --repl-diskless-sync-delay 0
    mortal=${pids%% *}
    redis replica $((base + 3)) --replicaof 127.0.0.1 $((base + 2))
    until redis-cli -p $((base + 3)) info replication | grep -q master_link_status:up; do sleep 0.1; done
    sentinels=''
    for i in 4 5 6; do
      printf '%s\n' "port $((base + i))" 'bind 127.0.0.1' "dir $folder" \
        "sentinel monitor main 127.0.0.1 $((base + 2)) 2" \
        'sentinel down-after-milliseconds main 1000' 'sentinel failover-timeout main 3000' \
        >"$folder/sentinel-$i.conf"
      start "sentinel-$i" 'monitor master main' redis-server "$folder/sentinel-$i.conf" --sentinel
      sentinels="$sentinels,127.0.0.1:$((base + i))"
    done
    # A failover needs sentinels that know each other and the replica.
    for i in 4 5 6; do
      until redis-cli -p $((base + i)) sentinel master main | tr '\n' ' ' | grep -q 'num-slaves 1 num-other-sentinels 2'; do
        sleep 0.1
      done
    done
    PORTCULLIS_REDIS=redis+sentinel://${sentinels#,}/main
    ;;
  *)
    echo "expected REDIS as single, cluster or sentinel; found $kind" >&2
    exit 2
    ;;
esac

start sandbox 'sandbox at' node "$portcullis" sandbox --port $((base + 1))
FUSIONAUTH_URL=http://127.0.0.1:$((base + 1))
FUSIONAUTH_API_KEY=$(sed -n 's/.*API key //p' "$folder/sandbox.log")
PORTCULLIS_SECRET=${PORTCULLIS_SECRET:-$(head -c 32 /dev/urandom | base64)}
PORTCULLIS_AUDIT=$folder/audit.jsonl
export FUSIONAUTH_URL FUSIONAUTH_API_KEY PORTCULLIS_REDIS PORTCULLIS_SECRET PORTCULLIS_AUDIT

ports=''
for ((i = 0; i < count; i++)); do
  port=$((base + 10 + i))
  start "proxy-$i" ' on http' node "$portcullis" serve --policy "${POLICY:-$here/policy.yaml}" --http "$port"
  ports="$ports $port"
done
# shellcheck disable=SC2086
start balancer balancing node "$here/balancer.js" "$base" $ports

echo "http://127.0.0.1:$base/mcp leads to $count proxies on $kind Redis; logs and audit are in $folder until Ctrl-C"
stay
