#!/usr/bin/env bash
# A proxy that issues tokens and demands them, with the sandbox in it; tokens for two users, and what each may do with
# them. All of it listens on loopback only, and Ctrl-C ends all of it.
set -euo pipefail

http_port=${HTTP_PORT:-9090}
rest_port=${REST_PORT:-8080}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
portcullis=$here/../../bin/portcullis.js
# shellcheck source=../processes.sh
source "$here/../processes.sh"

umask 077
secret=$(head -c 32 /dev/urandom | base64)
echo "acme/desk/shell $secret" >"$folder/secrets"
echo "$secret" >"$folder/shell.secret"
export XDG_STATE_HOME=$folder/state # the signing keys and the audit

service=http://127.0.0.1:$rest_port
start proxy ' on http' node "$portcullis" serve --sandbox --policy "$here/policy.yaml" \
  --http "$http_port" --rest "$rest_port" --issuer "$service" \
  --directory "$here/directory.yaml" --client-secrets "$folder/secrets"

# token USER: into a file, as a client would keep it.
token() {
  PORTCULLIS_CLIENT_SECRET_FILE=$folder/shell.secret node "$portcullis" token --user --url "$service" \
    --tenant acme --project desk --client shell --email "$1@acme.example" >"$folder/$1.token"
}

# vend HEADER…: the status of a call.
vend() {
  curl --silent --output /dev/null --write-out '%{http_code}' "$service/v1/api/jwt/vend" \
    --header 'Content-Type: application/json' "$@" --data '{"claims":{"sub":"robot"}}'
}

token anna
token bob
echo "nobody vends a token: $(vend)"
echo "anna vends a token: $(vend --header "X-Portcullis-Authorization: Bearer $(cat "$folder/anna.token")")"
echo "bob vends a token: $(vend --header "X-Portcullis-Authorization: Bearer $(cat "$folder/bob.token")")"
echo "http://127.0.0.1:$http_port/mcp demands tokens of $service; anna's is in $folder/anna.token until Ctrl-C"
stay
