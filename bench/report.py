#!/usr/bin/env python3
"""Makes the Markdown document out of what bench/run has measured: report.py RAW."""

import statistics
import sys
from collections import defaultdict

OURS, BUSY, DRIVER = "mysql-tls", "mysql-tls-busy", "mysql"
TITLES = {
    "mysql-tls": "mysql-tls",
    "mysql-tls-busy": "busy-poll=200us",
    "mysql": "`mysql`",
    "mysql_async": "mysql_async",
    "sqlx": "sqlx",
    "mariadb-c": "MariaDB Connector/C",
    "mysql-c": "libmysqlclient",
    "plaintext": "`mysql`, plaintext",
}
SERVERS = {"mysql": "MySQL", "mariadb": "MariaDB", "tidb": "TiDB"}
MIB = {"64k": 1 / 16, "16m": 16, "upload4m": 4, "upload16m": 16}


class Results:
    """Lines `SERVER VARIANT LAUNCH WORKLOAD PEER METRIC VALUE`, and `# KEY VALUE` about them."""

    def __init__(self, lines):
        self.about, self.versions, self.skipped, self.failed = {}, {}, [], {}
        self.values = defaultdict(dict)  # (server, variant, workload, peer, metric): by launch
        for line in lines:
            if line.startswith("# "):
                key, value = line[2:].rstrip().split(" ", 1)
                if key == "skipped":
                    self.skipped.append(value)
                elif key == "server":
                    server, version = value.split(" ", 1)
                    self.versions[server] = version
                else:
                    self.about[key] = value
                continue
            server, variant, launch, workload, peer, metric, value = line.rstrip().split(" ", 6)
            if metric == "failed":
                self.failed[server, variant, workload, peer] = value
            else:
                self.values[server, variant, workload, peer, metric][int(launch)] = float(value)

    def servers(self):
        return list(dict.fromkeys(key[0] for key in self.values))

    def rows(self, server, *metrics):
        """The pairs of variant and workload that have one of the metrics."""
        return list(dict.fromkeys(
            (variant, workload) for of, variant, workload, _, metric in self.values
            if of == server and metric in metrics
        ))

    def launches(self, server, variant, workload, peer, metric):
        return self.values.get((server, variant, workload, peer, metric), {})

    def median(self, *key):
        found = self.launches(*key)
        return statistics.median(found.values()) if found else None

    def ratios(self, server, variant, workload, peer, base, metric):
        """Launch by launch, since the peers of one launch have met the same machine."""
        ours = self.launches(server, variant, workload, peer, metric)
        theirs = self.launches(server, variant, workload, base, metric)
        return [ours[launch] / theirs[launch] for launch in ours if theirs.get(launch)]

    def fastest(self, server, workload):
        """Of the other peers that verify the server."""
        times = {
            peer: self.median(server, "base", workload, peer, "us")
            for peer in TITLES if peer not in (OURS, BUSY, "plaintext")
        }
        times = {peer: time for peer, time in times.items() if time}
        return min(times, key=times.get) if times else None


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(values, show=number):
    middle, low, high = show(statistics.median(values)), show(min(values)), show(max(values))
    return middle if low == high else f"{middle} ({low} to {high})"


def ratio(values):
    return spread(values, lambda value: f"{value:.2f}")


def table(head, rows):
    if not rows:
        return
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def cell(results, key, peer, metric, divide=1.0):
    """A median with its spread, and its ratio to `mysql`'s."""
    values = results.launches(*key, peer, metric)
    if not values:
        return "failed" if (*key, peer) in results.failed else ""
    text = spread([value / divide for value in values.values()])
    ratios = results.ratios(*key, peer, DRIVER, metric)
    return text if peer == DRIVER or not ratios else f"{text}, **{ratio(ratios)}**"


def present(results, server, rows, metric):
    """The peers that have anything to show in these pairs of variant and workload."""
    peers = {
        peer for of, variant, workload, peer, found in results.values
        if of == server and (variant, workload) in rows and found == metric
    }
    return [peer for peer in TITLES if peer in peers]


def workload_table(results, server, metric, rows, scale=lambda workload: 1.0):
    peers = present(results, server, rows, metric)
    body = []
    for variant, workload in rows:
        name = workload if variant == "base" else f"{variant}, {workload}"
        key = (server, variant, workload)
        line = [name] + [cell(results, key, peer, metric, scale(workload)) for peer in peers]
        body.append(line)
    table(["workload"] + [TITLES[peer] for peer in peers], body)


def fastest_table(results, server, rows):
    body = []
    for _, workload in rows:
        peer = results.fastest(server, workload)
        ratios = results.ratios(server, "base", workload, OURS, peer, "us") if peer else []
        if ratios:
            body.append([workload, TITLES[peer], ratio(ratios)])
    table(["workload", "fastest of the others", "mysql-tls, of it"], body)


def server_chapter(results, server):
    print(f"## {SERVERS[server]} {results.versions[server]}\n")
    timed = results.rows(server, "us")
    base = [row for row in timed if row[0] == "base"]
    delayed = [row for row in timed if row[0].startswith("delay")]
    variants = [row for row in timed if row not in base and row not in delayed]
    if base:
        print("Microseconds an operation.\n")
        workload_table(results, server, "us", base)
        fastest_table(results, server, base)
        print("CPU time an operation, in microseconds, user and system, of the process.\n")
        workload_table(results, server, "cpu_us", base)
    bulk = [row for row in base if row[1] in MIB]
    if bulk:
        print("The same a MiB.\n")
        workload_table(results, server, "cpu_us", bulk, MIB.get)
    busy = results.rows(server, "qps")
    if busy:
        print("`SELECT 1` on busy connections: queries per second, and CPU microseconds a query.\n")
        workload_table(results, server, "qps", busy)
        workload_table(results, server, "cpu_us", busy)
    if variants:
        print("Connects with other keys, versions of TLS and crypto providers, in microseconds.\n")
        workload_table(results, server, "us", variants)
    if delayed:
        print("Through the delaying proxy, the delay each way, in microseconds.\n")
        workload_table(results, server, "us", delayed)
    flights_table(results, server)
    idle_table(results, server)


def flights_table(results, server):
    peers = [peer for peer in TITLES if results.median(server, "base", "connect", peer, "flights")]
    if peers:
        print("Round trips from SYN to the end of a connect.\n")
    rows = [
        [title] + [f"{results.median(server, 'base', 'connect', peer, metric) + 2:.0f}" for peer in peers]
        for title, metric in (("first connection", "flights_first"), ("later ones", "flights"))
    ]
    table(["", *(TITLES[peer] for peer in peers)], rows if peers else [])


def idle_table(results, server):
    peers = present(results, server, [("base", "idle")], "kib")
    if peers:
        print("An idle connection.\n")
    rows = [
        [title] + [number(results.median(server, "base", "idle", peer, metric)) for peer in peers]
        for title, metric in (
            ("resident memory, KiB", "kib"), ("threads", "threads"), ("descriptors", "descriptors"),
            ("connections that then answered a query", "answered"),
        )
    ]
    table(["", *(TITLES[peer] for peer in peers)], rows if peers else [])


def middle(values):
    return statistics.median(values) if values else None


def targets(results, server):
    """What was aimed at: its text, the bound, whether more is better, and the value or None."""
    def of_driver(workload, peer=OURS, variant="base", metric="us"):
        return middle(results.ratios(server, variant, workload, peer, DRIVER, metric))

    def added(metric):
        ours = results.launches(server, "base", "select1", OURS, metric)
        theirs = results.launches(server, "base", "select1", DRIVER, metric)
        return middle([ours[launch] - theirs[launch] for launch in ours if launch in theirs])

    fastest = results.fastest(server, "connect")
    delayed = [
        of_driver(workload, variant="delay-500us") for variant, workload in results.rows(server, "us")
        if variant == "delay-500us" and workload != "connect"
    ]
    flights = results.median(server, "base", "connect", OURS, "flights")

    def idle(metric):
        return results.median(server, "base", "idle", OURS, metric)

    return [
        ("connect, of the fastest peer", 0.8, False,
         middle(results.ratios(server, "base", "connect", OURS, fastest, "us")) if fastest else None),
        ("`SELECT 1`, us more than `mysql`", 25, False, added("us")),
        ("`SELECT 1`, us of CPU more than `mysql`", 22, False, added("cpu_us")),
        ("`SELECT 1` with busy-poll, of `mysql`", 1.05, False, of_driver("select1", BUSY)),
        ("64 KiB result, of `mysql`", 1.2, False, of_driver("64k")),
        ("16 MiB result, of `mysql`", 1.0, False, of_driver("16m")),
        ("4 MiB upload, of `mysql`", 1.0, False, of_driver("upload4m")),
        ("8 busy connections, queries per second, of `mysql`", 0.8, True, of_driver("threads-8", metric="qps")),
        ("64 busy connections, queries per second, of `mysql`", 1.0, True, of_driver("threads-64", metric="qps")),
        ("0.5 ms of delay, the worst query workload, of `mysql`", 1.05, False,
         max((value for value in delayed if value), default=None)),
        ("round trips of a connect", 4, False, flights + 2 if flights else None),
        ("KiB an idle connection", 96, False, idle("kib")),
        ("threads an idle connection", 1, False, idle("threads")),
        ("idle connections that answer", 1000, True, idle("answered")),
    ]


def targets_table(results):
    servers = results.servers()
    by_server = [targets(results, server) for server in servers]
    rows = []
    for columns in zip(*by_server):
        text, bound, more, _ = columns[0]
        line = [text, f"{'>=' if more else '<='} {bound}"]
        for *_, value in columns:
            if value is None:
                line.append("")
            else:
                reached = value >= bound if more else value <= bound
                line.append(f"{number(value)}, {'reached' if reached else '**not reached**'}")
        rows.append(line)
    print("## Targets\n")
    table(["", "target"] + [SERVERS[server] for server in servers], rows)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        results = Results(file)
    about = results.about
    print("# Results\n")
    print(f"{about.pop('date')}; {about.pop('machine')}, {about.pop('system')}, loopback. Versions: "
          + ", ".join(f"{TITLES.get(key, key)} {value}" for key, value in about.items()
                      if key != "launches")
          + ".\n")
    print(f"Medians of {about['launches']} launches (lowest to highest launch); in bold the ratio to `mysql`, "
          "formed launch by launch. Every peer but the plaintext one verifies the chain and the name against the "
          "same CA, and resumes sessions if it does so by itself. README.md says what the workloads are.\n")
    for reason in results.skipped:
        print(f"Skipped: {reason}.\n")
    targets_table(results)
    for server in results.servers():
        server_chapter(results, server)
    if results.failed:
        print("## What failed\n")
        table(["server", "", "workload", "peer", "reason"],
              [[SERVERS[key[0]], key[1], key[2], TITLES[key[3]], reason] for key, reason in results.failed.items()])


if __name__ == "__main__":
    main()
