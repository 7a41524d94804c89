/* Owns the near end of a benchmark: asks, times and checks replies and event streams.
 *
 * Rule 1: an open-loop latency counts from the moment the request was due, not from when a
 *         connection was free: a stalled gateway cannot hide its queue.
 * Rule 2: a reply counts only if it is whole, has status 200 and holds what it must hold.
 * Rule 3: a body that holds SERIAL is another one every time: its digits count the requests.
 * Rule 4: an event's delay is its arrival less the send time the upstream wrote into it.
 *
 * load --url http://IP:PORT/PATH --body FILE [--header 'name: value'] ...
 *      [--connections N] [--seconds S] [--warmup S] [--requests N (then seconds is a limit)]
 *      [--rate R]                    open loop, R requests a second; else closed loop
 *      [--stream] [--cut N]          streams; with --cut each is dropped after 0..N events, one in
 *                                    eight before its head
 *      [--must TEXT] [--least BYTES] [--seed N]
 * Prints one JSON object.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { SCRATCH = 1 << 18, HEAD = 16384, LINE = 4096, KEEP = 8192, DUES = 1 << 16 };
static const char SERIAL[] = "@call=000000000000";
static const double STALL_MS = 200; /* beyond the sender's own pauses: readers notice a fifth of a second */
static const double GRACE_S = 10;   /* for what is still running when the time is up */

typedef enum { IDLE, SENDING, READING } Phase;
typedef enum { BY_LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, UNTIL_CLOSE } Framing;

typedef struct {
    int fd, status, wants_write, closing, in_head, is_terminal, is_wrong, is_stalled, has_data;
    Phase phase;
    Framing framing;
    size_t sent, head_len, kept, line_len, cut_after, events;
    long long left, body;
    uint64_t due, started, content, last_arrival, last_sent;
    char head[HEAD], keep[KEEP + 1], line[LINE + 1];
    char *request;
} Flow;

typedef struct {
    uint64_t *at;
    size_t count, room;
} Samples;

static struct {
    struct sockaddr_in address;
    const char *must;
    double seconds, warmup, rate;
    long long requests, least;
    int connections, is_stream;
    long cut;
    uint64_t seed;
} ask = {.seconds = 2, .connections = 1, .cut = -1, .seed = 1};

static struct {
    long long started, done, done_all, errors, refused, wrong_status, wrong_body, broken, closed;
    long long streams, completed, cut, stalled, events, events_all, bytes, unfinished;
    long open_flows, most_open;
    int first_wrong_status;
} tally;

static Samples latency, first_byte, first_content, delay;
static char *request, scratch[SCRATCH], first_error[256];
static size_t request_len, serial_at; /* where a body's digits end; 0: it has none */
static Flow **flows, **idle;
static int idle_count, poller, timer;
static uint64_t dues[DUES];
static size_t due_head, due_tail;
static uint64_t begin, window, end, next_due;
static int over;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void note(Samples *s, uint64_t value) {
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 1 << 16;
        s->at = realloc(s->at, s->room * sizeof *s->at);
        if (!s->at) die("memory for samples");
    }
    s->at[s->count++] = value;
}

static int in_window(uint64_t at) { return at >= window && at < end; }

static uint64_t dice(void) {
    ask.seed ^= ask.seed << 13;
    ask.seed ^= ask.seed >> 7;
    ask.seed ^= ask.seed << 17;
    return ask.seed;
}

static void watch(Flow *f, int wants_write) {
    if (f->wants_write == wants_write) return;
    f->wants_write = wants_write;
    struct epoll_event e = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0), .data.ptr = f};
    epoll_ctl(poller, EPOLL_CTL_MOD, f->fd, &e);
}

static void dial(Flow *f) {
    f->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (f->fd < 0) die("socket");
    if (connect(f->fd, (struct sockaddr *)&ask.address, sizeof ask.address)) die("connect");
    int one = 1;
    setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    f->wants_write = 0;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = f};
    epoll_ctl(poller, EPOLL_CTL_ADD, f->fd, &e);
}

static void redial(Flow *f, int is_rude) {
    struct linger hard = {1, 0};
    if (is_rude) setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(f->fd);
    tally.closed++;
    dial(f);
}

static void fail(Flow *f, const char *why, long long *counter) {
    if (!first_error[0]) {
        snprintf(first_error, sizeof first_error, "%s (status %d): %.*s", why, f->status,
                 (int)(f->kept > 120 ? 120 : f->kept), f->keep);
        for (char *c = first_error; *c; c++)
            if (*c == '"' || *c == '\\' || *c < 32 || *c > 126) *c = '?';
    }
    ++*counter;
    tally.errors++;
}

static void push(Flow *f) {
    while (f->sent < request_len) {
        ssize_t n = send(f->fd, f->request + f->sent, request_len - f->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN) return; /* the reading side will see the reset */
            watch(f, 1);
            return;
        }
        f->sent += (size_t)n;
    }
    f->phase = READING;
    watch(f, 0);
}

static void cut(Flow *f);

static void number(char *text) {
    long long left = serial_at ? tally.started : 0;
    for (char *digit = text + serial_at; left; left /= 10) *--digit = (char)('0' + left % 10);
}

static void begin_request(Flow *f, uint64_t due) {
    f->phase = SENDING;
    f->in_head = 1;
    f->sent = f->head_len = f->kept = f->line_len = f->events = 0;
    f->status = f->closing = f->is_terminal = f->is_wrong = f->is_stalled = f->has_data = 0;
    f->body = 0;
    f->content = f->last_arrival = f->last_sent = 0;
    f->cut_after = ask.cut >= 0 ? dice() % (uint64_t)(ask.cut + 1) : 0;
    f->started = now_ns();
    f->due = due ? due : f->started;
    tally.started++;
    number(f->request);
    if (++tally.open_flows > tally.most_open) tally.most_open = tally.open_flows;
    push(f);
    if (ask.cut >= 0 && dice() % 8 == 0) cut(f);
}

/* What this connection does now that its last exchange is over. */
static void go_on(Flow *f) {
    f->phase = IDLE;
    int enough = ask.requests && tally.started >= ask.requests;
    if (ask.rate > 0 && due_head != due_tail) {
        begin_request(f, dues[due_head++ % DUES]);
    } else if (ask.rate > 0) {
        idle[idle_count++] = f;
    } else if (!over && !enough) {
        begin_request(f, 0);
    }
}

/* A whole answer is here, or (is_whole 0) as much of one as will ever come. */
static void finish(Flow *f, int is_whole, uint64_t now) {
    tally.done_all++;
    tally.open_flows--;
    if (f->status != 200 && f->status) {
        if (!tally.first_wrong_status) tally.first_wrong_status = f->status;
        fail(f, "wrong status", &tally.wrong_status);
    } else if (!is_whole || (ask.is_stream && (!f->is_terminal || f->is_wrong))) {
        fail(f, f->is_wrong ? "error event" : "ended early", &tally.broken);
    } else if (!ask.is_stream && (f->body < ask.least ||
                                  (ask.must && !memmem(f->keep, f->kept, ask.must, strlen(ask.must))))) {
        fail(f, "reply without what it must hold", &tally.wrong_body);
    } else {
        if (in_window(now)) {
            tally.done++;
            if (ask.is_stream) tally.completed++;
        }
        if (in_window(f->due)) note(&latency, now - f->due);
    }
    if (ask.is_stream) tally.streams++;
    if (f->closing || !is_whole || f->phase == SENDING) redial(f, 0);
    go_on(f);
}

static void cut(Flow *f) {
    tally.done_all++;
    tally.cut++;
    tally.streams++;
    tally.open_flows--;
    redial(f, (int)(dice() & 1)); /* half of all clients vanish with a reset, half say goodbye */
    go_on(f);
}

static void see_stamp(Flow *f, const char *digits, uint64_t now) {
    uint64_t sent = strtoull(digits, NULL, 10);
    if (!f->content) {
        f->content = now;
        if (in_window(f->started)) note(&first_content, now - f->started);
    }
    /* What the upstream itself was late by is in the stamps, and is nobody's stall. */
    if (f->last_arrival && (double)(now - f->last_arrival) - (double)(sent - f->last_sent) > STALL_MS * 1e6) {
        if (!f->is_stalled) tally.stalled++;
        f->is_stalled = 1;
    }
    f->last_arrival = now;
    f->last_sent = sent;
    if (in_window(now)) note(&delay, now > sent ? now - sent : 0);
}

static void see_line(Flow *f, uint64_t now) {
    char *line = f->line;
    size_t len = f->line_len;
    if (len && line[len - 1] == '\r') len--;
    line[len] = 0;
    if (len == 0) {
        if (f->has_data) {
            f->events++;
            tally.events_all++;
            if (in_window(now)) tally.events++;
        }
        f->has_data = 0;
        return;
    }
    if (!strncmp(line, "event: error", 12)) f->is_wrong = 1;
    if (strncmp(line, "data:", 5)) return;
    f->has_data = 1;
    char *mark = strstr(line, "@ns=");
    if (mark) see_stamp(f, mark + 4, now);
    if (strstr(line, "\"message_stop\"") || strstr(line, "[DONE]") || strstr(line, "\"response.completed\""))
        f->is_terminal = 1;
}

static void see_events(Flow *f, const char *p, size_t n, uint64_t now) {
    while (n) {
        const char *stop = memchr(p, '\n', n);
        size_t part = stop ? (size_t)(stop - p) : n;
        size_t room = LINE - f->line_len;
        memcpy(f->line + f->line_len, p, part < room ? part : room);
        f->line_len += part < room ? part : room;
        if (!stop) return;
        see_line(f, now);
        f->line_len = 0;
        p += part + 1;
        n -= part + 1;
    }
}

static void see_body(Flow *f, const char *p, size_t n, uint64_t now) {
    f->body += (long long)n;
    tally.bytes += (long long)n;
    size_t room = KEEP - f->kept;
    if (room) {
        size_t part = n < room ? n : room;
        memcpy(f->keep + f->kept, p, part);
        f->kept += part;
    }
    if (ask.is_stream) see_events(f, p, n, now);
}

/* Read the head; 0: more is needed, else how many of the n bytes belonged to it. */
static size_t see_head(Flow *f, const char *p, size_t n, uint64_t now) {
    size_t before = f->head_len, part = n < HEAD - 1 - before ? n : HEAD - 1 - before;
    memcpy(f->head + before, p, part);
    f->head_len += part;
    f->head[f->head_len] = 0;
    char *stop = memmem(f->head, f->head_len, "\r\n\r\n", 4);
    if (!stop) return 0;
    f->head_len = (size_t)(stop + 4 - f->head);
    f->status = atoi(f->head + 9);
    f->framing = UNTIL_CLOSE;
    f->left = -1;
    for (char *line = strchr(f->head, '\n') + 1; line < stop; line = strchr(line, '\n') + 1) {
        if (!strncasecmp(line, "content-length:", 15)) {
            f->framing = BY_LENGTH;
            f->left = atoll(line + 15);
        } else if (!strncasecmp(line, "transfer-encoding: chunked", 26)) {
            f->framing = CHUNK_SIZE;
            f->left = 0;
        } else if (!strncasecmp(line, "connection: close", 17)) {
            f->closing = 1;
        }
    }
    f->in_head = 0;
    if (ask.is_stream && in_window(f->started)) note(&first_byte, now - f->started);
    return f->head_len - before;
}

/* One step through the body; 1: it is whole. */
static int step(Flow *f, const char **p, const char *stop, uint64_t now) {
    size_t n = (size_t)(stop - *p);
    if (f->framing == UNTIL_CLOSE) {
        see_body(f, *p, n, now);
        *p = stop;
    } else if (f->framing == BY_LENGTH || f->framing == CHUNK_DATA) {
        size_t part = (long long)n < f->left ? n : (size_t)f->left;
        see_body(f, *p, part, now);
        *p += part;
        f->left -= (long long)part;
        if (f->left == 0 && f->framing == BY_LENGTH) return 1;
        if (f->left == 0) f->framing = CHUNK_END;
    } else {
        char c = *(*p)++;
        if (f->framing == CHUNK_SIZE && c == '\n') {
            f->framing = f->left ? CHUNK_DATA : TRAILER;
        } else if (f->framing == CHUNK_SIZE && c != '\r') {
            f->left = f->left * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
        } else if (f->framing == CHUNK_END && c == '\n') {
            f->framing = CHUNK_SIZE;
        } else if (f->framing == TRAILER && c == '\n') {
            return 1;
        }
    }
    return 0;
}

static void feed(Flow *f, const char *p, size_t n, uint64_t now) {
    const char *stop = p + n;
    if (f->in_head) {
        size_t used = see_head(f, p, n, now);
        if (!used) {
            if (f->head_len >= HEAD - 1) finish(f, 0, now);
            return;
        }
        p += used;
        if (f->framing == BY_LENGTH && f->left == 0) {
            finish(f, 1, now);
            return;
        }
    }
    while (p < stop)
        if (step(f, &p, stop, now)) {
            finish(f, 1, now);
            return;
        }
    if (ask.cut >= 0 && f->events >= f->cut_after) cut(f);
}

static void readable(Flow *f) {
    ssize_t n = recv(f->fd, scratch, SCRATCH, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    uint64_t now = now_ns();
    if (n > 0 && f->phase != IDLE) {
        feed(f, scratch, (size_t)n, now);
    } else if (f->phase == IDLE) {
        redial(f, 0); /* an idle connection was closed by the other side */
    } else {
        finish(f, !f->in_head && f->framing == UNTIL_CLOSE && n == 0, now);
    }
}

static void arm(uint64_t at) {
    struct itimerspec t = {{0, 0}, {(time_t)(at / 1000000000ull), (long)(at % 1000000000ull)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* Open loop: everything that is due is sent, or queued where no connection is free. */
static void send_due(uint64_t now) {
    while (next_due <= now && next_due < end) {
        if (idle_count) {
            begin_request(idle[--idle_count], next_due);
        } else if (due_tail - due_head < DUES) {
            dues[due_tail++ % DUES] = next_due;
        }
        next_due += (uint64_t)(1e9 / ask.rate);
    }
    if (next_due < end) arm(next_due);
}

/* Closed loop: streams start spread over a second, so that they do not beat in step. */
static void start_closed(uint64_t now, int *started) {
    uint64_t spread = ask.is_stream && ask.cut < 0 ? 1000000000ull : 0;
    while (*started < ask.connections) {
        uint64_t at = begin + spread * (uint64_t)*started / (uint64_t)ask.connections;
        if (at > now) {
            arm(at);
            return;
        }
        go_on(flows[(*started)++]);
    }
}

static int is_running(void) {
    for (int i = 0; i < ask.connections; i++)
        if (flows[i]->phase != IDLE) return 1;
    return 0;
}

static int is_finished(uint64_t now, int started) {
    if (ask.requests) over = over || (tally.started >= ask.requests && started == ask.connections);
    else over = now >= end;
    if (!over) return 0;
    int must_drain = ask.is_stream || ask.rate > 0 || ask.requests;
    if (!must_drain || (!is_running() && due_head == due_tail)) return 1;
    return now >= end + (uint64_t)(GRACE_S * 1e9);
}

static void run(void) {
    struct epoll_event ready[512];
    int started = 0;
    for (int i = 0; i < ask.connections; i++) {
        flows[i] = calloc(1, sizeof(Flow));
        flows[i]->request = serial_at ? malloc(request_len) : request;
        if (serial_at) memcpy(flows[i]->request, request, request_len);
        dial(flows[i]);
    }
    begin = now_ns();
    window = begin + (uint64_t)(ask.warmup * 1e9);
    end = window + (uint64_t)(ask.seconds * 1e9);
    next_due = begin;
    if (ask.rate > 0)
        for (started = 0; started < ask.connections; started++) idle[idle_count++] = flows[started];
    for (uint64_t now = begin; !is_finished(now, started); now = now_ns()) {
        if (ask.rate > 0) send_due(now);
        else if (started < ask.connections) start_closed(now, &started);
        int n = epoll_wait(poller, ready, 512, 20);
        for (int i = 0; i < n; i++) {
            Flow *f = ready[i].data.ptr;
            if (!f) {
                uint64_t ticks;
                if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timer");
                continue;
            }
            if (ready[i].events & EPOLLOUT && f->phase == SENDING) push(f);
            if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(f);
        }
    }
    for (int i = 0; i < ask.connections; i++)
        if (flows[i]->phase != IDLE) tally.unfinished++;
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static double at_share(const Samples *s, double share) {
    if (!s->count) return -1;
    size_t i = (size_t)(ceil(share * (double)s->count)) - (share > 0);
    return (double)s->at[i < s->count ? i : s->count - 1] / 1e3;
}

static void print_samples(const char *name, Samples *s) {
    double sum = 0;
    qsort(s->at, s->count, sizeof *s->at, by_size);
    for (size_t i = 0; i < s->count; i++) sum += (double)s->at[i] / 1e3;
    printf(",\"%s_us\":{\"count\":%zu,\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p95\":%.1f,"
           "\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
           name, s->count, s->count ? sum / (double)s->count : -1.0, at_share(s, 0.5), at_share(s, 0.9),
           at_share(s, 0.95), at_share(s, 0.99), at_share(s, 0.999), at_share(s, 1));
}

static void report(double took) {
    double span = ask.requests ? took : ask.seconds;
    printf("{\"seconds\":%.3f,\"took\":%.3f,\"started\":%lld,\"done\":%lld,\"done_all\":%lld,"
           "\"per_second\":%.1f,\"errors\":%lld,\"wrong_status\":%lld,\"first_wrong_status\":%d,"
           "\"wrong_body\":%lld,\"broken\":%lld,\"unfinished\":%lld,\"redialled\":%lld,\"bytes\":%lld",
           ask.seconds, took, tally.started, tally.done, tally.done_all,
           (double)tally.done / span, tally.errors, tally.wrong_status, tally.first_wrong_status,
           tally.wrong_body, tally.broken, tally.unfinished, tally.closed, tally.bytes);
    printf(",\"first_error\":\"%s\"", first_error);
    print_samples("latency", &latency);
    if (ask.is_stream) {
        printf(",\"streams\":%lld,\"completed\":%lld,\"cut\":%lld,\"stalled\":%lld,\"most_open\":%ld,"
               "\"events\":%lld,\"events_all\":%lld,\"events_per_second\":%.1f",
               tally.streams, tally.completed, tally.cut, tally.stalled, tally.most_open, tally.events,
               tally.events_all, (double)tally.events / span);
        print_samples("first_byte", &first_byte);
        print_samples("first_content", &first_content);
        print_samples("delay", &delay);
    }
    printf("}\n");
}

static char *read_file(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    if (!f) die(path);
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*len + 1);
    if (fread(bytes, 1, *len, f) != *len) die(path);
    fclose(f);
    return bytes;
}

static void prepare(const char *url, const char *body_path, const char *headers) {
    char ip[64], path[256] = "/";
    int port;
    if (!url || sscanf(url, "http://%63[0-9.]:%d%255s", ip, &port, path) < 2) {
        fprintf(stderr, "load: --url must be http://IP:PORT/PATH\n");
        exit(2);
    }
    ask.address.sin_family = AF_INET;
    ask.address.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, ip, &ask.address.sin_addr);
    size_t body_len = 0;
    char *body = body_path ? read_file(body_path, &body_len) : NULL;
    request = malloc(body_len + strlen(headers) + 1024);
    int n = sprintf(request, "%s %s HTTP/1.1\r\nhost: %s:%d\r\n%s", body ? "POST" : "GET", path, ip, port,
                    headers);
    if (body) n += sprintf(request + n, "content-length: %zu\r\n", body_len);
    n += sprintf(request + n, "\r\n");
    if (body) memcpy(request + n, body, body_len);
    request_len = (size_t)n + body_len;
    char *serial = memmem(request, request_len, SERIAL, strlen(SERIAL));
    if (serial) serial_at = (size_t)(serial - request) + strlen(SERIAL);
    free(body);
}

static void usage(const char *argument) {
    fprintf(stderr, "load: unknown or unfinished argument %s; the head of load.c lists them all\n", argument);
    exit(2);
}

static void read_arguments(int argc, char **argv) {
    static char headers[65536];
    const char *url = NULL, *body = NULL;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (!strcmp(name, "--stream")) {
            ask.is_stream = 1;
            continue;
        }
        if (i + 1 >= argc) usage(name);
        const char *value = argv[++i];
        if (!strcmp(name, "--url")) url = value;
        else if (!strcmp(name, "--body")) body = value;
        else if (!strcmp(name, "--header")) {
            if (strlen(headers) + strlen(value) + 3 > sizeof headers) usage("--header: too long");
            strcat(strcat(headers, value), "\r\n");
        } else if (!strcmp(name, "--connections")) ask.connections = atoi(value);
        else if (!strcmp(name, "--seconds")) ask.seconds = atof(value);
        else if (!strcmp(name, "--warmup")) ask.warmup = atof(value);
        else if (!strcmp(name, "--requests")) ask.requests = atoll(value);
        else if (!strcmp(name, "--rate")) ask.rate = atof(value);
        else if (!strcmp(name, "--cut")) ask.cut = atol(value);
        else if (!strcmp(name, "--must")) ask.must = value;
        else if (!strcmp(name, "--least")) ask.least = atoll(value);
        else if (!strcmp(name, "--seed")) ask.seed = strtoull(value, NULL, 10) * 2 + 1;
        else usage(name);
    }
    if (ask.connections < 1 || ask.seconds <= 0) usage("--connections and --seconds must be positive");
    prepare(url, body, headers);
}

int main(int argc, char **argv) {
    read_arguments(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    flows = calloc((size_t)ask.connections, sizeof *flows);
    idle = calloc((size_t)ask.connections, sizeof *idle);
    poller = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &e);
    run();
    report((double)(now_ns() - begin) / 1e9);
    return 0;
}
