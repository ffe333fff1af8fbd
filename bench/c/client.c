/* The C peers: one source for MariaDB Connector/C and for MySQL's libmysqlclient.
 *
 * Usage: client HOST PORT PASSWORD USER CA CERTIFICATE_USER CERTIFICATE KEY
 *
 * Reads lines "WORKLOAD COUNT" and answers each with a line: the nanoseconds of every operation,
 * or "cannot". "cpu 0" is answered with the CPU time of this process until now. Without arguments
 * it prints the library's version. */

#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef MARIADB_BASE_VERSION
#define LIBRARY "MariaDB Connector/C"
#else
#define LIBRARY "libmysqlclient"
#endif

enum { ROWS = 10000 };

static char **arguments;
static MYSQL *connection;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, LIBRARY ": %s: %s\n", what, why);
    exit(1);
}

static long long nanoseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The chain and the name are verified, as with the other peers. */
static MYSQL *open_connection(int with_certificate)
{
    MYSQL *mysql = mysql_init(NULL);
    unsigned int protocol = MYSQL_PROTOCOL_TCP;
    const char *user = arguments[with_certificate ? 6 : 4];

    mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(mysql, MYSQL_OPT_SSL_CA, arguments[5]);
#ifdef MARIADB_BASE_VERSION
    my_bool verify = 1;
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
    unsigned int mode = SSL_MODE_VERIFY_IDENTITY;
    mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
#endif
    if (with_certificate) {
        mysql_options(mysql, MYSQL_OPT_SSL_CERT, arguments[7]);
        mysql_options(mysql, MYSQL_OPT_SSL_KEY, arguments[8]);
    }
    if (!mysql_real_connect(mysql, arguments[1], user, arguments[3], NULL, atoi(arguments[2]), NULL,
                            CLIENT_MULTI_STATEMENTS))
        fail("connect", mysql_error(mysql));
    return mysql;
}

static MYSQL *shared_connection(void)
{
    if (!connection)
        connection = open_connection(0);
    return connection;
}

/* Reads all results to their last row; returns the rows, and the bytes of their first column. */
static size_t query(const char *sql, size_t *bytes)
{
    MYSQL *mysql = shared_connection();
    size_t rows = 0;
    int more;

    *bytes = 0;
    if (mysql_real_query(mysql, sql, strlen(sql)))
        fail(sql, mysql_error(mysql));
    do {
        MYSQL_RES *result = mysql_store_result(mysql);
        if (!result)
            fail(sql, mysql_error(mysql));
        while (mysql_fetch_row(result)) {
            rows++;
            *bytes += mysql_fetch_lengths(result)[0];
        }
        mysql_free_result(result);
        more = mysql_next_result(mysql);
        if (more > 0)
            fail(sql, mysql_error(mysql));
    } while (more == 0);
    return rows;
}

static void expect(const char *what, size_t found, size_t expected)
{
    if (found != expected)
        fail(what, "not the expected rows or bytes");
}

static void print_time(long long start)
{
    printf("%lld ", nanoseconds(CLOCK_MONOTONIC) - start);
}

static void connects(int count, int with_certificate)
{
    for (int turn = 0; turn < count; turn++) {
        long long start = nanoseconds(CLOCK_MONOTONIC);
        MYSQL *mysql = open_connection(with_certificate);
        print_time(start);
        mysql_close(mysql);
    }
}

static void queries(int count, const char *sql, size_t expected_rows, size_t expected_bytes)
{
    for (int turn = 0; turn < count; turn++) {
        size_t bytes;
        long long start = nanoseconds(CLOCK_MONOTONIC);
        size_t rows = query(sql, &bytes);
        print_time(start);
        expect(sql, rows, expected_rows);
        if (expected_bytes)
            expect(sql, bytes, expected_bytes);
    }
}

/* A prepared statement with one parameter and one result, both in buffers of ours. */
static MYSQL_STMT *prepare(const char *sql)
{
    MYSQL_STMT *statement = mysql_stmt_init(shared_connection());
    if (!statement || mysql_stmt_prepare(statement, sql, strlen(sql)))
        fail(sql, statement ? mysql_stmt_error(statement) : "no memory");
    return statement;
}

static void execute(MYSQL_STMT *statement, MYSQL_BIND *parameter, MYSQL_BIND *result)
{
    if (mysql_stmt_bind_param(statement, parameter) || mysql_stmt_execute(statement) ||
        mysql_stmt_bind_result(statement, result) || mysql_stmt_fetch(statement) ||
        mysql_stmt_free_result(statement))
        fail("execute", mysql_stmt_error(statement));
}

static void points(int count)
{
    MYSQL_STMT *statement = prepare("SELECT name FROM bench.numbers WHERE id = ?");
    MYSQL_BIND parameter = {0}, result = {0};
    unsigned int id;
    char name[64];

    parameter.buffer_type = MYSQL_TYPE_LONG;
    parameter.buffer = &id;
    result.buffer_type = MYSQL_TYPE_STRING;
    result.buffer = name;
    result.buffer_length = sizeof name;
    for (int turn = 0; turn < count; turn++) {
        long long start = nanoseconds(CLOCK_MONOTONIC);
        id = turn * 7919LL % ROWS;
        execute(statement, &parameter, &result);
        print_time(start);
    }
    mysql_stmt_close(statement);
}

static void uploads(int count, size_t bytes)
{
    MYSQL_STMT *statement = prepare("SELECT LENGTH(?)");
    MYSQL_BIND parameter = {0}, result = {0};
    long long length = 0;
    char *value = malloc(bytes);

    if (!value)
        fail("upload", "no memory");
    memset(value, 'x', bytes);
    parameter.buffer_type = MYSQL_TYPE_BLOB;
    parameter.buffer = value;
    parameter.buffer_length = bytes;
    result.buffer_type = MYSQL_TYPE_LONGLONG;
    result.buffer = &length;
    for (int turn = 0; turn < count; turn++) {
        long long start = nanoseconds(CLOCK_MONOTONIC);
        execute(statement, &parameter, &result);
        print_time(start);
        expect("upload", length, bytes);
    }
    free(value);
    mysql_stmt_close(statement);
}

static void run(const char *workload, int count)
{
    const size_t kib = 1024, mib = 1024 * kib;

    if (!strcmp(workload, "cpu"))
        printf("%lld", nanoseconds(CLOCK_PROCESS_CPUTIME_ID));
    else if (!strcmp(workload, "connect") || !strcmp(workload, "connect-full")) /* it never resumes */
        connects(count, 0);
    else if (!strcmp(workload, "connect-cert"))
        connects(count, 1);
    else if (!strcmp(workload, "select1"))
        queries(count, "SELECT 1", 1, 0);
    else if (!strcmp(workload, "point"))
        points(count);
    else if (!strcmp(workload, "64k"))
        queries(count, "SELECT REPEAT('x', 65536)", 1, 64 * kib);
    else if (!strcmp(workload, "16m"))
        queries(count, "SELECT REPEAT('x', 16777216)", 1, 16 * mib);
    else if (!strcmp(workload, "upload4m"))
        uploads(count, 4 * mib);
    else if (!strcmp(workload, "upload16m"))
        uploads(count, 16 * mib);
    else if (!strcmp(workload, "rows10k"))
        queries(count, "SELECT id, name FROM bench.numbers", ROWS, 0);
    else if (!strcmp(workload, "multi"))
        queries(count, "SELECT 1; SELECT 2; SELECT 3", 3, 0);
    else
        printf("cannot");
    printf("\n");
    fflush(stdout);
}

int main(int count, char **values)
{
    char workload[32];
    int operations;

    if (count == 1) {
        printf("%s\n", mysql_get_client_info());
        return 0;
    }
    if (count != 9)
        fail("usage", "client HOST PORT PASSWORD USER CA CERTIFICATE_USER CERTIFICATE KEY");
    arguments = values;
    while (scanf("%31s %d", workload, &operations) == 2)
        run(workload, operations);
    if (connection)
        mysql_close(connection);
    return 0;
}
