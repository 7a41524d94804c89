/* Owns the far end of a benchmark: canned replies and paced event streams on one epoll loop.
 *
 * Rule 1: it must never be what limits a figure, so a reply is one prepared buffer and one write.
 * Rule 2: every event of a stream is stamped with its send time, so that a client on the same
 *         machine reads the one-way delay without asking anybody.
 * Rule 3: what is served comes from files; this program knows HTTP framing and time, no vendor.
 *
 * upstream [--port N] [--pace-us N] --on PATH KIND MARKER FILE ...
 *   KIND reply | stream; MARKER a text the body must contain ("-": none); the first match serves.
 *   FILE: header lines, an empty line, then the body; a stream's events end in an empty line and
 *   may hold one "@ns=" followed by 19 digits, which are overwritten when the event is sent.
 * Prints {"port": N} when it listens; GET /bench/stats answers what it has seen; ends on SIGTERM.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_FD = 65536,
    MAX_ROUTES = 32,
    MAX_EVENTS = 1024,
    KEEP = 16384,        /* head and first body bytes of a request; markers are sought here */
    MARKER_REACH = 8192, /* a longer body is never searched: large bodies carry no marker */
    QUEUE = 1 << 17,
    SCRATCH = 1 << 18,
    STAMP_DIGITS = 19
};

typedef struct {
    char *bytes; /* a whole chunk: size line, event, line end */
    size_t len;
    size_t stamp; /* offset of the stamp's digits; 0: none */
} Event;

typedef struct {
    const char *path, *marker;
    int is_stream;
    char *head; /* the whole answer of a reply; the head alone of a stream */
    size_t head_len;
    Event *events;
    int count;
} Route;

typedef struct {
    int fd, next_event;
    uint32_t generation;
    const Route *streaming;
    size_t kept, head_len;
    long long body_left;
    char in[KEEP + 1];
} Peer;

typedef struct {
    int fd;
    uint32_t generation;
    uint64_t due;
} Due;

static Route routes[MAX_ROUTES];
static int route_count;
static Peer *peers[MAX_FD];
static uint32_t generations[MAX_FD];
static Due queue[QUEUE];
static size_t queue_head, queue_tail;
static char scratch[SCRATCH];
static uint64_t pace_ns = 20000000;
static int poller, timer;
static uint64_t armed;
static volatile sig_atomic_t stopping;
static struct {
    uint64_t accepted, open, requests, streams, completed, gone, events, late_ns, late_max_ns;
} seen;

static void die(const char *what) {
    fprintf(stderr, "upstream: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void write_digits(char *at, uint64_t value) {
    for (int i = STAMP_DIGITS - 1; i >= 0; i--, value /= 10) at[i] = (char)('0' + value % 10);
}

static char *read_file(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    if (!f) die(path);
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*len + 1);
    if (fread(bytes, 1, *len, f) != *len) die(path);
    bytes[*len] = 0;
    fclose(f);
    return bytes;
}

/* Cut the text into events and wrap each as one chunk, as vendors' servers send them. */
static void cut_events(Route *r, const char *text, size_t len) {
    r->events = calloc(MAX_EVENTS, sizeof(Event));
    const char *end = text + len;
    while (text < end && r->count < MAX_EVENTS) {
        const char *stop = memmem(text, (size_t)(end - text), "\n\n", 2);
        if (!stop) break;
        size_t size = (size_t)(stop + 2 - text);
        int last = stop + 2 >= end;
        Event *e = &r->events[r->count++];
        e->bytes = malloc(size + 64);
        int lead = sprintf(e->bytes, "%zx\r\n", size);
        memcpy(e->bytes + lead, text, size);
        e->len = (size_t)lead + size;
        e->len += (size_t)sprintf(e->bytes + e->len, last ? "\r\n0\r\n\r\n" : "\r\n");
        char *mark = memmem(e->bytes, e->len, "@ns=", 4);
        e->stamp = mark ? (size_t)(mark - e->bytes) + 4 : 0;
        text = stop + 2;
    }
}

static void add_route(char **arg) {
    if (route_count == MAX_ROUTES) {
        fprintf(stderr, "upstream: at most %d --on\n", MAX_ROUTES);
        exit(2);
    }
    Route *r = &routes[route_count++];
    size_t len;
    r->path = arg[0];
    r->is_stream = strcmp(arg[1], "stream") == 0;
    r->marker = strcmp(arg[2], "-") == 0 ? NULL : arg[2];
    char *text = read_file(arg[3], &len);
    char *body = memmem(text, len, "\n\n", 2);
    if (!body) {
        fprintf(stderr, "upstream: %s: no empty line after the headers\n", arg[3]);
        exit(2);
    }
    body += 2;
    size_t body_len = len - (size_t)(body - text);
    r->head = malloc(len + 4096);
    char *out = r->head + sprintf(r->head, "HTTP/1.1 200 OK\r\n");
    for (char *line = text; line < body - 1;) {
        char *stop = strchr(line, '\n');
        out += sprintf(out, "%.*s\r\n", (int)(stop - line), line);
        line = stop + 1;
    }
    if (r->is_stream) {
        out += sprintf(out, "transfer-encoding: chunked\r\n\r\n");
        cut_events(r, body, body_len);
    } else {
        out += sprintf(out, "content-length: %zu\r\n\r\n", body_len);
        memcpy(out, body, body_len);
        out += body_len;
    }
    r->head_len = (size_t)(out - r->head);
    free(text);
}

static void drop(Peer *p) {
    if (p->streaming) seen.gone++;
    generations[p->fd]++;
    peers[p->fd] = NULL;
    close(p->fd);
    seen.open--;
    free(p);
}

/* A peer that does not drain a few kilobytes is not one this tool is for: it is dropped. */
static int put(Peer *p, const char *bytes, size_t len) {
    ssize_t n = send(p->fd, bytes, len, MSG_NOSIGNAL);
    if (n == (ssize_t)len) return 1;
    drop(p);
    return 0;
}

static void arm(uint64_t due) {
    if (armed == due) return;
    armed = due;
    struct itimerspec t = {{0, 0}, {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void send_event(Peer *p, uint64_t due) {
    Event *e = &p->streaming->events[p->next_event++];
    int last = p->next_event == p->streaming->count;
    uint64_t now = now_ns();
    uint64_t late = now - due;
    seen.events++;
    seen.late_ns += late;
    if (late > seen.late_max_ns) seen.late_max_ns = late;
    if (e->stamp) write_digits(e->bytes + e->stamp, now);
    if (last) {
        p->streaming = NULL;
        seen.completed++;
    }
    if (!put(p, e->bytes, e->len) || last) return;
    /* All streams share one pace, so appending keeps the queue in order of time. */
    queue[queue_tail++ % QUEUE] = (Due){p->fd, p->generation, due + pace_ns};
}

static void send_due(void) {
    uint64_t now = now_ns();
    while (queue_head != queue_tail && queue[queue_head % QUEUE].due <= now) {
        Due d = queue[queue_head++ % QUEUE];
        Peer *p = peers[d.fd];
        if (p && p->generation == d.generation && p->streaming) send_event(p, d.due);
    }
    arm(queue_head == queue_tail ? 0 : queue[queue_head % QUEUE].due);
}

static int send_stats(Peer *p) {
    char body[512], all[700];
    int n = snprintf(
        body, sizeof body,
        "{\"accepted\":%llu,\"open\":%llu,\"requests\":%llu,\"streams\":%llu,"
        "\"completed\":%llu,\"gone\":%llu,\"events\":%llu,\"late_mean_us\":%.1f,"
        "\"late_max_us\":%.1f}",
        (unsigned long long)seen.accepted, (unsigned long long)seen.open,
        (unsigned long long)seen.requests, (unsigned long long)seen.streams,
        (unsigned long long)seen.completed, (unsigned long long)seen.gone,
        (unsigned long long)seen.events,
        seen.events ? (double)seen.late_ns / 1e3 / (double)seen.events : 0.0,
        (double)seen.late_max_ns / 1e3);
    n = snprintf(all, sizeof all,
                 "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
                 "%d\r\n\r\n%s", n, body);
    return put(p, all, (size_t)n);
}

static const Route *choose(Peer *p) {
    char *path = memchr(p->in, ' ', p->head_len);
    if (!path) return NULL;
    path++;
    size_t reach = strcspn(path, " ?");
    const char *body = p->in + p->head_len;
    size_t body_len = p->kept - p->head_len;
    if (body_len > MARKER_REACH) body_len = 0;
    for (int i = 0; i < route_count; i++) {
        Route *r = &routes[i];
        if (strlen(r->path) != reach || memcmp(r->path, path, reach)) continue;
        if (!r->marker || memmem(body, body_len, r->marker, strlen(r->marker))) return r;
    }
    return NULL;
}

static int answer(Peer *p) {
    seen.requests++;
    int is_stats = !memcmp(p->in, "GET /bench/stats ", 17);
    const Route *r = is_stats ? NULL : choose(p);
    p->kept = 0;
    p->head_len = 0;
    if (is_stats) return send_stats(p);
    if (!r) {
        static const char none[] =
            "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nno route\n";
        return put(p, none, sizeof none - 1);
    }
    if (!put(p, r->head, r->head_len)) return 0;
    if (r->is_stream && r->count) {
        seen.streams++;
        p->streaming = r;
        p->next_event = 0;
        int fd = p->fd;
        send_event(p, now_ns());
        return peers[fd] == p;
    }
    return 1;
}

/* The length of the body, from the head; -1: the framing is not one this tool reads. */
static long long body_length(const Peer *p) {
    const char *line = p->in, *end = p->in + p->head_len;
    long long length = 0;
    while ((line = memchr(line, '\n', (size_t)(end - line))) && ++line < end) {
        if (!strncasecmp(line, "content-length:", 15)) length = atoll(line + 15);
        if (!strncasecmp(line, "transfer-encoding:", 18)) return -1;
    }
    return length;
}

static void read_head(Peer *p) {
    p->in[p->kept] = 0;
    char *stop = memmem(p->in, p->kept, "\r\n\r\n", 4);
    if (!stop) {
        if (p->kept == KEEP) drop(p);
        return;
    }
    p->head_len = (size_t)(stop + 4 - p->in);
    long long length = body_length(p);
    if (length < 0) {
        static const char refuse[] = "HTTP/1.1 411 Length Required\r\ncontent-length: 0\r\n\r\n";
        if (put(p, refuse, sizeof refuse - 1)) drop(p);
        return;
    }
    p->body_left = length - (long long)(p->kept - p->head_len);
    if (p->body_left <= 0) answer(p);
}

static void readable(Peer *p) {
    int fd = p->fd;
    while (peers[fd] == p) {
        int in_body = p->head_len > 0;
        int keeping = p->kept < KEEP && !p->streaming;
        char *at = keeping ? p->in + p->kept : scratch;
        size_t room = keeping ? KEEP - p->kept : SCRATCH;
        ssize_t n = recv(fd, at, room, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0 || p->streaming) {
            drop(p);
            return;
        }
        if (keeping) p->kept += (size_t)n;
        if (!in_body) {
            read_head(p);
        } else {
            p->body_left -= n;
            if (p->body_left <= 0) answer(p);
        }
        if ((size_t)n < room) return;
    }
}

static void welcome(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) return;
        if (fd >= MAX_FD) {
            close(fd);
            continue;
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        Peer *p = calloc(1, sizeof *p);
        p->fd = fd;
        p->generation = generations[fd];
        peers[fd] = p;
        seen.accepted++;
        seen.open++;
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
    }
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 4096)) die("listen");
    socklen_t len = sizeof a;
    getsockname(fd, (struct sockaddr *)&a, &len);
    printf("{\"port\": %d}\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

static void serve(int listener) {
    struct epoll_event ready[512];
    while (!stopping) {
        int n = epoll_wait(poller, ready, 512, -1);
        for (int i = 0; i < n; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                welcome(listener);
            } else if (fd == timer) {
                uint64_t ticks;
                if (read(timer, &ticks, sizeof ticks) > 0) armed = 0;
            } else if (peers[fd]) {
                readable(peers[fd]);
            }
        }
        send_due();
    }
}

int main(int argc, char **argv) {
    int port = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--port") && i + 1 < argc) {
            port = atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--pace-us") && i + 1 < argc) {
            pace_ns = (uint64_t)atoll(argv[++i]) * 1000;
        } else if (!strcmp(argv[i], "--on") && i + 4 < argc) {
            add_route(argv + i + 1);
            i += 4;
        } else {
            fprintf(stderr, "upstream: unknown or unfinished argument %s\n"
                            "usage: upstream [--port N] [--pace-us N] --on PATH KIND MARKER FILE ...\n",
                    argv[i]);
            return 2;
        }
    }
    struct rlimit files = {MAX_FD, MAX_FD};
    if (setrlimit(RLIMIT_NOFILE, &files)) {
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    struct sigaction end = {.sa_handler = on_signal};
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    poller = epoll_create1(0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    int listener = listen_on(port);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
    e.data.fd = timer;
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &e);
    serve(listener);
    return 0;
}
