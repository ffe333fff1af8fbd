# shellcheck shell=bash
# Real servers with TLS for the measurements; sourced by run, syscalls and no-hop, in this directory.

servers=../tests/servers
work=$(mktemp -d /tmp/mt-bench.XXXXXX)
server_pid=
stop() { [ -z "$server_pid" ] || { exec 3>&-; wait "$server_pid" || true; server_pid=; }; }
trap 'stop; rm -rf "$work"' EXIT

# 1,000 idle connections: of the servers, which inherit this, and of the programs.
ulimit -Sn "$(ulimit -Hn)"

p256=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
rsa2048=(-newkey rsa:2048)

# signed NAME EXTENSION OPTION...: NAME-key.pem, and NAME-cert.pem by the CA.
signed() {
    local name=$1 extension=$2
    shift 2
    openssl req "$@" -nodes -keyout "$work/$name-key.pem" -out "$work/$name.csr"
    openssl x509 -req -in "$work/$name.csr" -CA "$work/ca.pem" -CAkey "$work/ca-key.pem" -days 2 \
        -CAcreateserial -extfile <(echo "$extension") -out "$work/$name-cert.pem"
}

certificates() { # a CA, certificates for localhost with both kinds of keys, and one for a client
    openssl req -x509 "${p256[@]}" -nodes -days 2 -subj /CN=Bench-CA \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$work/ca-key.pem" -out "$work/ca.pem"
    signed p256 subjectAltName=DNS:localhost "${p256[@]}" -subj /CN=localhost
    signed rsa2048 subjectAltName=DNS:localhost "${rsa2048[@]}" -subj /CN=localhost
    signed client extendedKeyUsage=clientAuth "${p256[@]}" -subj /CN=bench
}
certificates 2>"$work/openssl.log" || { cat "$work/openssl.log" >&2; exit 1; }

# start PRODUCT [KEY [SERVER ARGUMENT]...]: a server with the key p256 or rsa2048 and the accounts of
# accounts_sql; sets `port`, and `root_client` to the command that takes SQL as root.
start() {
    local product=$1 key=${2-p256} socket='' line
    shift $(($# < 2 ? $# : 2))
    port=
    rm -rf "${work:?}/$product"*
    mkfifo "$work/$product.in" "$work/$product.out"
    "$servers/run" "$product" "$work/$product" --once --tls "$work/ca.pem" "$work/$key-cert.pem" "$work/$key-key.pem" \
        "$@" <"$work/$product.in" >"$work/$product.out" &
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
    [ -n "$port" ] || { echo "$product did not start" >&2; exit 1; }
    root_client=("$servers/client" mariadb -uroot -S "$socket")
    [ "$product" != mysql ] || root_client=("$servers/client" mysql -uroot -S "$socket")
    { accounts_sql "$product" && data_sql; } | "${root_client[@]}"
}

accounts_sql() { # PRODUCT
    local identified="IDENTIFIED WITH caching_sha2_password BY 'bench'" plaintext
    [ "$1" != mariadb ] || identified="IDENTIFIED BY 'bench'"
    plaintext=$identified
    # TiDB takes the passwords of caching_sha2_password over TLS only.
    [ "$1" != tidb ] || plaintext="IDENTIFIED WITH mysql_native_password BY 'bench'"
    cat <<SQL
CREATE USER bench@'%' $identified;
CREATE USER bench_x509@'%' $identified REQUIRE X509;
CREATE USER bench_plaintext@'%' $plaintext;
SET GLOBAL max_allowed_packet = 67108864;
SET GLOBAL max_connections = 4000;
CREATE DATABASE bench;
GRANT SELECT ON bench.* TO bench@'%', bench_x509@'%', bench_plaintext@'%';
SQL
}

data_sql() { # 10,000 rows, each digit of an id from a row of its own
    cat <<'SQL'
CREATE TABLE bench.digits (d INT PRIMARY KEY);
INSERT INTO bench.digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
CREATE TABLE bench.numbers (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL);
INSERT INTO bench.numbers
    SELECT id, CONCAT('the number ', id) FROM
        (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d AS id
         FROM bench.digits a, bench.digits b, bench.digits c, bench.digits d) AS ids;
SQL
}
