# shellcheck shell=bash
# Builds what the scripts run; sourced in this directory, after servers.sh.
# shellcheck disable=SC2034 # used by the scripts that source this file

# shellcheck source=tests/servers/lib.sh
source "${servers:?}/lib.sh"

target=${CARGO_TARGET_DIR:-$PWD/target}
programs=$target/release
programs_ring=$target/ring/release
c_programs=$target/c

build() { cargo build --release --quiet --locked "$@"; }

# Everything once more, with ring as the only crypto provider.
build_ring() {
    CARGO_TARGET_DIR=$target/ring build --no-default-features --features ring
}

compile_client() { # OUTPUT GCC-OPTION...
    mkdir -p "$c_programs"
    gcc -std=gnu11 -O2 -Wall -Wextra -o "$c_programs/$1" c/client.c "${@:2}"
}

# MariaDB Connector/C, from Debian. Sets `mariadb_c`, or `mariadb_c_missing` to the reason.
provide_mariadb_c() {
    mariadb_c='' mariadb_c_missing=''
    if ! { command -v gcc && command -v pkg-config && pkg-config --exists libmariadb; } >/dev/null; then
        if [[ $EUID -ne 0 ]]; then
            mariadb_c_missing="gcc, pkg-config or libmariadb-dev is not installed, and only root can install it"
            return
        fi
        install_mariadb_c >&2 || { mariadb_c_missing="apt-get could not install libmariadb-dev"; return; }
    fi
    local options
    read -ra options <<<"$(pkg-config --cflags --libs libmariadb)"
    compile_client mariadb-c "${options[@]}" || { mariadb_c_missing="the client does not compile"; return; }
    mariadb_c=$c_programs/mariadb-c
}

install_mariadb_c() {
    local install=(apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends
        gcc libc6-dev pkg-config libmariadb-dev)
    DEBIAN_FRONTEND=noninteractive "${install[@]}" ||
        { apt-get -q update && DEBIAN_FRONTEND=noninteractive "${install[@]}"; }
}

# libmysqlclient, from the cache of the real servers. Sets `mysql_c`, or `mysql_c_missing` to the reason.
# Like the server it needs a newer C library than the system's, and so that library's own loader.
provide_mysql_c() {
    mysql_c='' mysql_c_missing=''
    local answer libraries loaders
    if ! answer=$(timeout 600 "$servers/provide" mysqlclient 2>/dev/null); then
        mysql_c_missing=${answer:-could not be fetched in ten minutes}
        return
    fi
    loaders=("$mysqlclient_root"/usr/lib/*-linux-gnu*/ld-linux*.so.*)
    libraries=${loaders[0]%/*}
    compile_client mysql-c.program -I"$mysqlclient_root/usr/include/mysql" -idirafter "$mysqlclient_root/usr/include" \
        -L"$libraries" -Wl,--allow-shlib-undefined -lmysqlclient || { mysql_c_missing="the client does not compile"; return; }
    # mysql_native_password, which MariaDB asks for, is a plugin that comes with the server.
    printf '#!/bin/sh\nLIBMYSQL_PLUGIN_DIR="%s" exec "%s" --library-path "%s" "%s" "$@"\n' \
        "$mysql_root/usr/lib/mysql/plugin" "${loaders[0]}" "$libraries" "$c_programs/mysql-c.program" >"$c_programs/mysql-c"
    chmod +x "$c_programs/mysql-c"
    mysql_c=$c_programs/mysql-c
}
