// Sends one transport stream file as many SRT streams at once, each at the same constant rate, from one thread.
// Stream i calls PORT + i * STEP: 0 for one listener of all, 1 for a listener each.
// Usage: srt-sender PORT STEP COUNT BITS_PER_SECOND SECONDS FILE
#include <arpa/inet.h>
#include <srt/srt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MESSAGE = 1316 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 7) { fprintf(stderr, "usage: %s PORT STEP COUNT BITS_PER_SECOND SECONDS FILE\n", argv[0]); return 2; }
    int step = atoi(argv[2]), count = atoi(argv[3]);
    double rate = atof(argv[4]), seconds = atof(argv[5]);
    FILE *file = fopen(argv[6], "rb");
    if (!file) { perror(argv[6]); return 1; }
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *bytes = malloc(length);
    if (fread(bytes, 1, length, file) != (size_t)length) { perror("read"); return 1; }
    srt_startup();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    SRTSOCKET *sockets = calloc(count, sizeof *sockets);
    for (int i = 0; i < count; i++) {
        char id[64];
        snprintf(id, sizeof id, "bench%d", i);
        int no = 0;
        address.sin_port = htons(atoi(argv[1]) + i * step);
        sockets[i] = srt_create_socket();
        srt_setsockflag(sockets[i], SRTO_STREAMID, id, strlen(id));
        if (srt_connect(sockets[i], (struct sockaddr *)&address, sizeof address) < 0) {
            fprintf(stderr, "stream %d: %s\n", i, srt_rejectreason_str(srt_getrejectreason(sockets[i])));
            return 1;
        }
        srt_setsockflag(sockets[i], SRTO_SNDSYN, &no, sizeof no);
    }
    double start = now(), interval = MESSAGE * 8 / rate;
    printf("start %.6f\n", start);                         // on CLOCK_MONOTONIC: byte n leaves at start + n * 8 / rate
    fflush(stdout);
    long long sent = 0, refused = 0;
    // Streams are spread over the interval, as independent encoders are.
    for (double t; (t = now() - start) < seconds;) {
        long long due = (long long)(t / interval * count);
        for (; sent < due; sent++) {
            long at = (sent / count) * MESSAGE;
            if (at + MESSAGE > length) { goto done; }
            if (srt_sendmsg2(sockets[sent % count], bytes + at, MESSAGE, NULL) < 0) { refused++; }
        }
        struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
done:
    printf("sent %lld messages, %lld refused\n", sent, refused);
    for (int i = 0; i < count; i++) { srt_close(sockets[i]); }
    srt_cleanup();
    return 0;
}
