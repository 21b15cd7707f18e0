using Mirror.GpuTranscode.Intake;
using Mirror.Streams.Registry;

namespace Mirror.GpuTranscode.Tests.Intake;

public sealed class StreamSharingTests
{
    private const double Room = 1.5;
    private const double NoRoom = 0.1;

    [Theory]
    [InlineData(0, Room, false)]                              // nobody else
    [InlineData(0, Room, false, 0.0, Room)]                     // alike: who comes first
    [InlineData(1, Room, true, 0.0, Room)]
    [InlineData(1, Room, false, 1.0, Room)]
    [InlineData(1, Room, true, 2.0, Room, 0.0, Room)]
    [InlineData(5, Room, false, 0.0, NoRoom)]                   // a small machine with a large stream
    [InlineData(0, NoRoom, true, 5.0, Room)]
    [InlineData(3, NoRoom, true, 2.0, NoRoom)]                  // nobody has room: it is shared evenly nevertheless
    [InlineData(2, NoRoom, false, 2.0, NoRoom)]
    public void A_node_waits_for_one_that_ought_to_have_the_stream(int streams, double free, bool waits, params double[] others)
        => Assert.Equal(waits, StreamSharing.OughtToWait(streams, free, [.. others.Chunk(2).Select((other, index) => Node($"n{index}", (int)other[0], other[1]))]));

    [Fact]
    public void Renditions_without_room_go_where_most_is_and_nowhere_where_it_is_tight()
    {
        NodeRecord[] nodes = [Node("full", 3, 0), Node("some", 1, 0.8), Node("most", 2, 1.6)];
        Assert.Equal("most", StreamSharing.FindRoom(0.5, nodes)?.Id);
        Assert.Null(StreamSharing.FindRoom(1.5, nodes));
        Assert.Null(StreamSharing.FindRoom(0.5, []));
    }

    private static NodeRecord Node(string id, int streams, double free) => new()
    {
        Id = id,
        Roles = ["transcode"],
        Address = new Uri("http://127.0.0.1:8081/"),
        StartedAt = DateTime.UnixEpoch,
        LastHeartbeat = DateTime.UnixEpoch,
        Streams = streams,
        FreeCores = free,
    };
}
