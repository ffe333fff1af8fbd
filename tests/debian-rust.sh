# shellcheck shell=bash
# Debian's Rust 1.85, as far as this package needs it; sourced by portability and static, after
# tests/servers/lib.sh.
#
# It is the newest that is not newer than the rust-version and that a package manager keeps, and it
# comes with the standard library's sources: what 1.86 to 1.88 brought and we or the driver use is
# turned on by name.

# debian_rust TOOLS: writes a `rustc` into that directory, and makes Cargo use it.
debian_rust() {
    local tools=$1 newer=let_chains,unsigned_is_multiple_of users=" mysql_common mysql_tls "
    mkdir -p "$tools"
    # Runs out of the unpacked packages, with their C library.
    # shellcheck disable=SC2154 # Those of tests/servers/lib.sh.
    cat >"$tools/rustc" <<END
#!/usr/bin/env bash
extra=() previous=
for argument; do
    if [[ \$previous == --crate-name && "$users" == *" \$argument "* ]]; then
        export RUSTC_BOOTSTRAP=1
        extra=("-Zcrate-attr=feature($newer)")
        # Nobody else's warnings, of which the standard library has some.
        [[ \$argument != mysql_tls ]] || extra+=(-Dwarnings)
    fi
    previous=\$argument
done
exec "$rust_loader" --library-path "${rust_loader%/*}" "$rust_root/usr/bin/rustc" --sysroot "$rust_root/usr" "\$@" "\${extra[@]}"
END
    chmod +x "$tools/rustc"
    export RUSTC=$tools/rustc
}
