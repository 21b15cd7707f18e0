using System.Diagnostics;

namespace Mirror.EndToEnd.Srt;

/// <summary>Who may publish, as a caller sees it: the reject codes of SRT, and a place that is kept or freed.</summary>
public sealed class AdmissionTests
{
    private const int WrongPassphrase = 10;
    private const int PassphraseMismatch = 11;
    private const int Overload = 1402;
    internal const int Conflict = 1409;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);      // after which a publisher gives way to another

    [Fact]
    public async Task A_second_publisher_of_a_live_name_is_refused_until_the_first_is_silent()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        (SrtCaller first, string name) = await RefusedAsync(server);
        using (first)
        {
            // It sends nothing: after a second an encoder of that name that restarted may take its place.
            SrtCaller? second = null;
            await Eventually.TrueAsync(() => (second = SrtCaller.TryConnect(server.SrtPort, name)) is not null, "the silent publisher gives way");
            using (second) { Assert.False(await SendsForeverAsync(first)); }
        }
    }

    /// <summary>A publisher whose name another was refused. On a busy machine that other may come after more than a second: then it is tried again.</summary>
    private static async Task<(SrtCaller First, string Name)> RefusedAsync(MirrorServer server)
    {
        for (int i = 0; ; i++)
        {
            string name = $"one{i}";
            long connected = Stopwatch.GetTimestamp();
            SrtCaller? first = SrtCaller.TryConnect(server.SrtPort, name);
            Assert.NotNull(first);
            await server.WaitForStatusAsync(name, "connecting");
            using SrtCaller? second = SrtCaller.TryConnect(server.SrtPort, name);
            if (second is null)
            {
                Assert.Equal(Conflict, SrtCaller.LastRejection);
                return (first, name);
            }
            Assert.InRange(Stopwatch.GetElapsedTime(connected), Silence, TimeSpan.MaxValue);
            first.Dispose();
        }
    }

    [Fact]
    public async Task The_stream_above_the_limit_is_refused_and_a_stopped_one_frees_its_place()
    {
        await using MirrorServer server = await MirrorServer.StartAsync("--ingestion.srt.max_connections", "2");
        using SrtCaller? a = SrtCaller.TryConnect(server.SrtPort, "a");
        using SrtCaller? b = SrtCaller.TryConnect(server.SrtPort, "b");
        Assert.NotNull(a);
        Assert.NotNull(b);
        Assert.Null(SrtCaller.TryConnect(server.SrtPort, "c"));
        Assert.Equal(Overload, SrtCaller.LastRejection);
        await server.WaitForStatusAsync("a", "connecting");
        await server.StopStreamAsync("a");
        using SrtCaller? c = SrtCaller.TryConnect(server.SrtPort, "c");
        Assert.NotNull(c);
    }

    [Fact]
    public async Task A_passphrase_is_asked_for_and_checked()
    {
        await using MirrorServer server = await MirrorServer.StartAsync("--ingestion.srt.encryption.enabled", "true", "--ingestion.srt.encryption.passphrase", "correct horse battery");
        Assert.Null(SrtCaller.TryConnect(server.SrtPort, "x", "wrong horse battery"));
        Assert.Equal(WrongPassphrase, SrtCaller.LastRejection);
        await Eventually.TrueAsync(() => SrtCaller.TryConnect(server.SrtPort, "x") is null && SrtCaller.LastRejection == PassphraseMismatch, "a caller without passphrase is told so");
        SrtCaller? right = null;
        await Eventually.TrueAsync(() => (right = SrtCaller.TryConnect(server.SrtPort, "x", "correct horse battery")) is not null, "the failed handshakes freed the name");
        right!.Dispose();
    }

    [Fact]
    public async Task A_caller_with_a_passphrase_is_refused_where_encryption_is_off()
    {
        await using MirrorServer server = await MirrorServer.StartAsync();
        Assert.Null(SrtCaller.TryConnect(server.SrtPort, "x", "correct horse battery"));
        Assert.Equal(PassphraseMismatch, SrtCaller.LastRejection);
    }

    private static async Task<bool> SendsForeverAsync(SrtCaller caller)
    {
        byte[] packet = new byte[1316];
        await Eventually.TrueAsync(() => !caller.Send(packet), "the first publisher is disconnected");
        return false;
    }
}
