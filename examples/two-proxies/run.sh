#!/usr/bin/env bash
# A redis-server, the sandbox, and two proxies that share their limits and their sessions. All of it listens on
# loopback only, and Ctrl-C ends all of it.
set -euo pipefail

redis_port=${REDIS_PORT:-6390}
sandbox_port=${SANDBOX_PORT:-9011}
first_port=${FIRST_PORT:-9091}
second_port=${SECOND_PORT:-9092}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
portcullis=$here/../../bin/portcullis.js
# shellcheck source=../processes.sh
source "$here/../processes.sh"

redis redis "$redis_port"
start sandbox 'sandbox at' node "$portcullis" sandbox --port "$sandbox_port"

FUSIONAUTH_URL=http://127.0.0.1:$sandbox_port
FUSIONAUTH_API_KEY=$(sed -n 's/.*API key //p' "$folder/sandbox.log")
PORTCULLIS_REDIS=redis://127.0.0.1:$redis_port
PORTCULLIS_SECRET=${PORTCULLIS_SECRET:-$(head -c 32 /dev/urandom | base64)}
PORTCULLIS_AUDIT=$folder/audit.jsonl
export FUSIONAUTH_URL FUSIONAUTH_API_KEY PORTCULLIS_REDIS PORTCULLIS_SECRET PORTCULLIS_AUDIT

start first ' on http' node "$portcullis" serve --policy "$here/policy.yaml" --http "$first_port"
start second ' on http' node "$portcullis" serve --policy "$here/policy.yaml" --http "$second_port"

echo "http://127.0.0.1:$first_port/mcp and http://127.0.0.1:$second_port/mcp are ready; logs and audit are in $folder until Ctrl-C"
stay
