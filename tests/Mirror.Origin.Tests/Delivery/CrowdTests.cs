using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mirror.Media.Playlists;
using Mirror.Origin.Tests.Publishing;

namespace Mirror.Origin.Tests.Delivery;

/// <summary>Many viewers at a time, over real connections.</summary>
public sealed class CrowdTests(ITestOutputHelper output) : IAsyncLifetime
{
    private OriginServer _server = null!;
    private TestRendition _video = null!;
    private int _reloads;

    public async ValueTask InitializeAsync()
    {
        _server = await OriginServer.StartAsync();
        _video = _server.Video().Start().Init().Segments(30).Part();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Two_thousand_parked_viewers_are_woken_by_one_part()
    {
        const int Viewers = 2_000;
        byte[] request = Encoding.ASCII.GetBytes($"GET /live/demo/source/playlist.m3u8?_HLS_msn={_video.Msn}&_HLS_part=1 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n");
        Socket[] sockets = await ConnectAsync(Viewers);
        foreach (Socket socket in sockets) { await socket.SendAsync(request); }
        await Eventually.HoldsAsync(() => _server.Timeline(_video).Waiters.Count == Viewers, "all viewers wait");

        Task<int>[] answers = [.. sockets.Select(ReadStatusAsync)];
        long start = Stopwatch.GetTimestamp();
        _video.Part();
        TimeSpan published = Stopwatch.GetElapsedTime(start);
        await Task.WhenAny(answers);
        TimeSpan first = Stopwatch.GetElapsedTime(start);
        int[] statuses = await Task.WhenAll(answers);
        TimeSpan last = Stopwatch.GetElapsedTime(start);

        Assert.All(statuses, status => Assert.Equal(200, status));
        Assert.Equal(0, _server.Streams.Parking.Count);
        output.WriteLine($"{Viewers} viewers: the publisher was held {published.TotalMicroseconds:F0} us, the first answer came after {first.TotalMilliseconds:F1} ms, the last after {last.TotalMilliseconds:F1} ms");
        foreach (Socket socket in sockets) { socket.Dispose(); }
    }

    [Fact]
    public async Task Thousands_of_blocking_reloads_see_every_part_once_and_in_order()
    {
        const int Viewers = 40;
        const int Parts = 150;
        long lastMsn = _video.Msn + Parts / 5;
        Task<int>[] viewers = [.. Enumerable.Range(0, Viewers).Select(_ => Task.Run(() => FollowAsync(_video.Msn, 1, lastMsn)))];
        for (int published = 0; _video.Msn < lastMsn || _video.NextPart < 1; published++)
        {
            // Parts come as fast as viewers keep up with them, so that each viewer blocks on nearly each.
            await Eventually.HoldsAsync(() => Volatile.Read(ref _reloads) >= published * Viewers / 2 && _server.Timeline(_video).Waiters.Count > Viewers / 2, "viewers wait");
            _video.Part();
        }
        _video.End();
        int[] reloads = await Task.WhenAll(viewers);

        output.WriteLine($"{reloads.Sum()} blocking reloads by {Viewers} viewers over {Parts} parts");
        Assert.True(reloads.Sum() > 1_000);
        Assert.Equal(0, _server.Streams.Parking.Count);
    }

    private async Task<int> FollowAsync(long msn, int part, long lastMsn)
    {
        using HttpClient client = _server.CreateClient();
        int reloads = 0;
        while (true)
        {
            string text = await client.GetStringAsync($"/live/demo/source/playlist.m3u8?_HLS_msn={msn}&_HLS_part={part}&_HLS_skip=YES");
            Assert.True(MediaPlaylistParser.TryParse(text, out MediaPlaylistDocument? document, out string? error), error);
            reloads++;
            Interlocked.Increment(ref _reloads);
            (long lastSeen, int partsSeen) = document.OpenSegment is { } open ? (open.Msn, open.Parts.Count) : (document.LastMsn + 1, 0);
            Assert.True(document.IsEnded || (lastSeen, partsSeen).CompareTo((msn, part)) > 0 || (lastSeen == msn + 1 && partsSeen == 0), $"asked for {msn}.{part}, got up to {lastSeen}.{partsSeen}");
            if (document.IsEnded) { return reloads; }
            (msn, part) = (lastSeen, partsSeen);
            Assert.True(msn <= lastMsn + 1);
        }
    }

    private async Task<Socket[]> ConnectAsync(int count)
    {
        var sockets = new Socket[count];
        for (int i = 0; i < count; i++)
        {
            sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await sockets[i].ConnectAsync(IPAddress.Loopback, _server.Http.Port);
        }
        return sockets;
    }

    private static async Task<int> ReadStatusAsync(Socket socket)
    {
        byte[] buffer = new byte[8192];
        int have = 0;
        while (true)
        {
            int received = await socket.ReceiveAsync(buffer.AsMemory(have));
            if (received == 0) { return 0; }
            have += received;
            string text = Encoding.Latin1.GetString(buffer, 0, have);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0) { continue; }
            int at = text.IndexOf("Content-Length: ", StringComparison.Ordinal) + "Content-Length: ".Length;
            int length = int.Parse(text.AsSpan(at, text.IndexOf('\r', at) - at));
            if (have >= end + 4 + length) { return int.Parse(text.AsSpan(9, 3)); }
        }
    }
}
