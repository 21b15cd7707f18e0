using Mirror.Media.MpegTs;

namespace Mirror.Media.Tests.MpegTs;

public class ContinuityCounterTests
{
    /// <summary>Each packet: its counter, its content, and whether discontinuity_indicator is set.</summary>
    private static readonly Dictionary<string, ((int Counter, byte Content, bool Discontinuity)[] Packets, Continuity[] Expected)> Cases = new()
    {
        ["counts up and wraps"] = ([(14, 1, false), (15, 2, false), (0, 3, false)], [Continuity.InOrder, Continuity.InOrder, Continuity.InOrder]),
        ["one packet missing"] = ([(3, 1, false), (5, 2, false), (6, 3, false)], [Continuity.InOrder, Continuity.Gap, Continuity.InOrder]),
        ["sent twice"] = ([(3, 1, false), (3, 1, false), (4, 2, false)], [Continuity.InOrder, Continuity.Duplicate, Continuity.InOrder]),
        ["sent three times is a loss"] = ([(3, 1, false), (3, 1, false), (3, 1, false)], [Continuity.InOrder, Continuity.Duplicate, Continuity.Gap]),
        ["same counter, other content"] = ([(3, 1, false), (3, 2, false)], [Continuity.InOrder, Continuity.Gap]),
        ["announced restart"] = ([(3, 1, false), (9, 2, true), (10, 3, false)], [Continuity.InOrder, Continuity.Restart, Continuity.InOrder]),
        ["announced, yet nothing missing"] = ([(3, 1, false), (4, 2, true)], [Continuity.InOrder, Continuity.InOrder]),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void Counter_tells_what_is_missing(string name)
    {
        var counter = new ContinuityCounter();
        var seen = new List<Continuity>();
        foreach ((int value, byte content, bool discontinuity) in Cases[name].Packets)
        {
            byte[] bytes = [0x47, 1, 0, (byte)(0x30 | value), 1, discontinuity ? (byte)0x80 : (byte)0x40, .. Enumerable.Repeat(content, 182)];
            Assert.True(TransportPacket.TryParse(bytes, out TransportPacket packet));
            seen.Add(counter.Check(packet));
        }
        Assert.Equal(Cases[name].Expected, seen);
    }

    [Fact]
    public void After_a_reset_any_counter_is_in_order()
    {
        var counter = new ContinuityCounter();
        Assert.True(TransportPacket.TryParse([0x47, 1, 0, 0x13, .. new byte[184]], out TransportPacket packet));
        Assert.Equal(Continuity.InOrder, counter.Check(packet));
        counter.Reset();
        Assert.Equal(Continuity.InOrder, counter.Check(packet));
    }
}
