using System.Text.Json.Nodes;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.RealTime;

namespace Mirror.EndToEnd.Srt;

/// <summary>A stall of the network, the sender or this machine costs packets, which are counted, and not the connection.</summary>
[Trait(TestRuns.Trait, TestRuns.RealTime)]
public sealed class StallTests
{
    private const int MaxBandwidthOption = 16;               // SRTO_MAXBW, bytes a second
    private const int StallBytesPerSecond = 500_000;         // so little leaves during the stall that its last packet is still near its first
    private const int StallMessages = 4000;                  // 0.84 s of 50 Mbit/s
    private const int MessageBytes = 7 * 188;
    private const int MessagesPerLook = 20;
    private static readonly TimeSpan SenderDropDelay = TimeSpan.FromSeconds(1.2);    // a sender skips what waited for 1.02 s

    [Fact]
    public async Task A_sender_that_skips_most_of_a_second_at_50_Mbps_keeps_its_connection_and_its_loss_is_counted()
    {
        await using MirrorServer server = await MirrorServer.StartAsync("--transcode.enabled", "false");
        byte[] media = await File.ReadAllBytesAsync(await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 4 }).MakeAsync());
        using SrtCaller? caller = SrtCaller.TryConnect(server.SrtPort, "cam", configure: LimitRate);
        Assert.NotNull(caller);
        await SendUntilActiveAsync();

        Assert.True(caller.Send(NullPackets()));
        await Task.Delay(SenderDropDelay);
        Assert.True(caller.Send(media));

        JsonNode? stats = null;
        await Eventually.TrueAsync(async () => (int?)(stats = (await server.GetStreamAsync("cam"))?["stats"])?["packets_lost"] > StallMessages / 2, "the skipped packets are counted");
        await SendUntilActiveAsync();
        Assert.Equal(0, (int)stats!["reconnects"]!);

        // A stream is active while its media comes, so that goes on coming while the test asks.
        async Task SendUntilActiveAsync()
        {
            int at = 0;
            await Eventually.TrueAsync(async () =>
            {
                int length = Math.Min(MessagesPerLook * MessageBytes, media.Length - at);
                Assert.True(caller.Send(media.AsSpan(at, length)), "the connection is there");
                at = (at + length) % media.Length;
                return (string?)(await server.GetStreamAsync("cam"))?["status"] == "active";
            }, "the stream is active");
        }
    }

    private static unsafe void LimitRate(int socket)
    {
        long rate = StallBytesPerSecond;
        SrtCaller.SetOption(socket, MaxBandwidthOption, &rate, sizeof(long));
    }

    private static byte[] NullPackets()
    {
        byte[] bytes = new byte[StallMessages * MessageBytes];
        for (int at = 0; at < bytes.Length; at += 188) { new ReadOnlySpan<byte>([0x47, 0x1F, 0xFF, 0x10]).CopyTo(bytes.AsSpan(at)); }
        return bytes;
    }
}
