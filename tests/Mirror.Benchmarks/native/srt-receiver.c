// The floor: receives any number of SRT streams on one port and throws them away. One listener, one epoll, one thread.
// Usage: srt-receiver PORT
#include <arpa/inet.h>
#include <srt/srt.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 2) { fprintf(stderr, "usage: %s PORT\n", argv[0]); return 2; }
    srt_startup();
    srt_setloglevel(2);
    int no = 0, events = SRT_EPOLL_IN | SRT_EPOLL_ERR, buffer = 32 << 20;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    SRTSOCKET listener = srt_create_socket();
    srt_setsockflag(listener, SRTO_RCVSYN, &no, sizeof no);
    srt_setsockflag(listener, SRTO_UDP_RCVBUF, &buffer, sizeof buffer);
    if (srt_bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || srt_listen(listener, 64) < 0) {
        fprintf(stderr, "%s\n", srt_getlasterror_str());
        return 1;
    }
    int epoll = srt_epoll_create();
    srt_epoll_add_usock(epoll, listener, &events);
    static char message[1500];
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        SRT_EPOLL_EVENT ready[64];
        int count = srt_epoll_uwait(epoll, ready, 64, -1);
        if (count > 64) { count = 64; }
        for (int i = 0; i < count; i++) {
            if (ready[i].fd == listener) {
                SRTSOCKET accepted = srt_accept(listener, NULL, NULL);
                if (accepted != SRT_INVALID_SOCK) { srt_epoll_add_usock(epoll, accepted, &events); }
                continue;
            }
            while (srt_recvmsg(ready[i].fd, message, sizeof message) > 0) { }
            if (srt_getsockstate(ready[i].fd) > SRTS_CONNECTED) {
                srt_epoll_remove_usock(epoll, ready[i].fd);
                srt_close(ready[i].fd);
            }
        }
    }
}
