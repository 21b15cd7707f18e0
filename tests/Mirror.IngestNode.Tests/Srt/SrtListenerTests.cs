using Mirror.IngestNode.Srt;
using Mirror.Streams.Configuration;

namespace Mirror.IngestNode.Tests.Srt;

public sealed class SrtListenerTests
{
    [Theory]
    [InlineData(50, 120, 10_543)]                            // 4,749 packets a second for 0.1 + 0.12 + 2 s
    [InlineData(50, 1000, 14_722)]
    [InlineData(5, 120, 8192)]                               // what a sender holds at most
    [InlineData(1000, 8000, 959_346)]
    public void The_receive_buffer_holds_a_round_trip_the_latency_window_and_a_stall(int megabits, int latencyMilliseconds, int packets)
        => Assert.Equal(packets, SrtListener.ReceiveBufferPackets(new SrtOptions { MaxBandwidth = Bitrate.FromMegabits(megabits), Latency = TimeSpan.FromMilliseconds(latencyMilliseconds) }));

    [Fact]
    public void The_largest_receive_buffer_fits_the_option()
        => Assert.InRange(SrtListener.ReceiveBufferPackets(new SrtOptions { MaxBandwidth = Bitrate.FromMegabits(1000), Latency = TimeSpan.FromSeconds(8), PayloadSize = new ByteSize(188) }) * 1472L, 1, int.MaxValue);
}
