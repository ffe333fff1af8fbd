# shellcheck shell=bash
# Real servers with TLS for the measurements; sourced by run and syscalls, in this directory.

servers=../tests/servers
work=$(mktemp -d /tmp/mt-bench.XXXXXX)
server_pid=
stop() { [ -z "$server_pid" ] || { exec 3>&-; wait "$server_pid" || true; server_pid=; }; }
trap 'stop; rm -rf "$work"' EXIT

certificates() { # a CA, and a server certificate for localhost (ECDSA P-256)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=Bench-CA \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$work/ca-key.pem" -out "$work/ca.pem"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
        -keyout "$work/key.pem" -out "$work/csr.pem"
    openssl x509 -req -in "$work/csr.pem" -CA "$work/ca.pem" -CAkey "$work/ca-key.pem" -days 2 \
        -CAcreateserial -extfile <(echo subjectAltName=DNS:localhost) -out "$work/cert.pem"
}
certificates 2>"$work/openssl.log" || { cat "$work/openssl.log" >&2; exit 1; }

# start PRODUCT: a server with an account bench, password bench; sets `port`.
start() {
    local product=$1 socket= line plugin=caching_sha2_password
    port=
    mkfifo "$work/$product.in" "$work/$product.out"
    "$servers/run" "$product" "$work/$product" --tls "$work/ca.pem" "$work/cert.pem" "$work/key.pem" \
        <"$work/$product.in" >"$work/$product.out" &
    server_pid=$!
    exec 3>"$work/$product.in"
    exec 4<"$work/$product.out"
    while read -r -u 4 line; do
        case $line in
        port=*) port=${line#port=} ;;
        socket=*) socket=${line#socket=} ;;
        ready) break ;;
        esac
    done
    local identified="IDENTIFIED WITH $plugin BY 'bench'"
    [ "$product" != mariadb ] || identified="IDENTIFIED BY 'bench'"
    local client=("$servers/client" mariadb -uroot -S "$socket")
    [ "$product" != mysql ] || client=("$servers/client" mysql -uroot -S "$socket")
    "${client[@]}" -e "CREATE USER bench@'%' $identified"
}
