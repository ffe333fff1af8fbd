# shellcheck shell=bash
# Shared by provide, run and client: where the servers' programs are kept and how they are called.
# shellcheck disable=SC2034 # Used by the scripts that source this file.

servers_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mysql-tls

# MariaDB is installed by the system's package manager, so its paths are fixed.
mariadb_server=/usr/sbin/mariadbd
mariadb_install_db=/usr/bin/mariadb-install-db
mariadb_client=/usr/bin/mariadb
mariadb_plugins=/usr/lib/mysql/plugin
# A data directory, freshly initialised, that each server starts from a copy of.
mariadb_template=$cache/mariadb-template

mysql_root=$cache/mysql
# Inside the root, so that the programs and the data directory they made always belong together.
mysql_template=template

# The official client library, for bench.
mysqlclient_root=$cache/mysqlclient

# A change of the pinned modules makes a new server: the hash of both files names it.
tidb_release=v8.5.6
tidb_key=$(cat "$servers_dir"/tidb/go.mod "$servers_dir"/tidb/go.sum | sha256sum | cut -c1-12)
tidb_dir=$cache/tidb-$tidb_release-$tidb_key
tidb_server=$tidb_dir/tidb-server

# The oldest Rust that Debian has, with the standard library's sources: see tests/portability.
rust_root=$cache/rust-1.85
rust_loader=$rust_root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Servers run as whoever calls: the two from MySQL's family want to be told when that is root.
run_as=()
[[ $EUID -ne 0 ]] || run_as=(--user=root)

mariadb_installed() {
    [[ -x $mariadb_server && -x $mariadb_install_db && -x $mariadb_client && -e $mariadb_plugins/auth_ed25519.so ]]
}
mariadb_present() { mariadb_installed && [[ -d $mariadb_template ]]; }
mysql_present() { [[ -d $mysql_root ]]; }
mysqlclient_present() { [[ -d $mysqlclient_root ]]; }
rust_present() { [[ -d $rust_root ]]; }
tidb_present() { [[ -x $tidb_server ]]; }

# server_path NAME: the program that `provide` names as ready.
server_path() {
    case $1 in
    mariadb) echo "$mariadb_server" ;;
    mysql) echo "$mysql_root/usr/sbin/mysqld" ;;
    tidb) echo "$tidb_server" ;;
    mysqlclient) echo "$mysqlclient_root" ;;
    rust) echo "$rust_root/usr/bin/rustc" ;;
    esac
}

# find_mysql ROOT PROGRAM: sets the array mysql_command to PROGRAM, called so that it runs out of ROOT.
# The unpacked MySQL needs a newer C library than the system's, and so that library's own loader.
find_mysql() {
    local root=$1 loaders=("$1"/usr/lib/*-linux-gnu*/ld-linux*.so.*)
    mysql_command=("${loaders[0]}" --library-path "${loaders[0]%/*}" "$root/usr/$2" --no-defaults)
}

# find_mysqld ROOT: the same for the server, with the options that tell it where ROOT is.
find_mysqld() {
    find_mysql "$1" sbin/mysqld
    mysql_command+=(
        --basedir="$1/usr" --plugin-dir="$1/usr/lib/mysql/plugin"
        --lc-messages-dir="$1/usr/share/mysql" --character-sets-dir="$1/usr/share/mysql/charsets"
        --secure-file-priv= --mysqlx=OFF "${run_as[@]}"
    )
}
