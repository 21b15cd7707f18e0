using Mirror.Origin.Live;

namespace Mirror.Origin.Tests.Live;

/// <summary>The table of draft-pantos-hls-rfc8216bis §6.2.5.2: segment 100 is the last complete one, of five parts; 101 is open.</summary>
public sealed class TimelinePositionTests
{
    private static readonly TimelinePosition TwoPartsOpen = new(OpenMsn: 101, OpenParts: 2, PartsOfLastSegment: 5, CompleteSegments: 20, HoldsLastSegment: false, AdvancePartLimit: 30, IsEnded: false);
    private static readonly TimelinePosition JustClosed = TwoPartsOpen with { OpenParts = 0, CompleteSegments = 19, HoldsLastSegment = true };
    private static readonly TimelinePosition JustStarted = new(101, 0, int.MaxValue, 0, false, 30, false);
    private static readonly TimelinePosition FirstPart = JustStarted with { OpenParts = 1 };
    private static readonly TimelinePosition Ended = TwoPartsOpen with { IsEnded = true };

    private static readonly Dictionary<string, (TimelinePosition Position, long? Msn, int? Part, ReloadAnswer Expected)> Cases = new()
    {
        ["no directive: now"] = (TwoPartsOpen, null, null, ReloadAnswer.Now),
        ["msn of the last segment: now"] = (TwoPartsOpen, 100, null, ReloadAnswer.Now),
        ["msn long evicted: now"] = (TwoPartsOpen, 3, null, ReloadAnswer.Now),
        ["msn long evicted, with a part: now"] = (TwoPartsOpen, 3, 70, ReloadAnswer.Now),
        ["a part of the last segment: now"] = (TwoPartsOpen, 100, 4, ReloadAnswer.Now),
        ["a part past the last of the last segment rolls over: now"] = (TwoPartsOpen, 100, 5, ReloadAnswer.Now),
        ["any part past the last rolls over: now"] = (TwoPartsOpen, 100, 4_000_000, ReloadAnswer.Now),
        ["rolls over to a part that does not exist yet: wait"] = (JustClosed, 100, 5, ReloadAnswer.Wait),
        ["a segment whose parts are all listed, but not itself: wait"] = (JustClosed, 100, null, ReloadAnswer.Wait),
        ["the segment before that one: now"] = (JustClosed, 99, null, ReloadAnswer.Now),
        ["the last part of that segment: now"] = (JustClosed, 100, 4, ReloadAnswer.Now),
        ["the open segment as a whole: wait"] = (TwoPartsOpen, 101, null, ReloadAnswer.Wait),
        ["a listed part of the open segment: now"] = (TwoPartsOpen, 101, 1, ReloadAnswer.Now),
        ["the next part: wait"] = (TwoPartsOpen, 101, 2, ReloadAnswer.Wait),
        ["a part at the advance part limit: wait"] = (TwoPartsOpen, 101, 31, ReloadAnswer.Wait),
        ["a part beyond the advance part limit: 400"] = (TwoPartsOpen, 101, 32, ReloadAnswer.BadRequest),
        ["a part of the next segment: wait"] = (TwoPartsOpen, 102, 0, ReloadAnswer.Wait),
        ["a part of the next segment at the limit, counted across the roll-over: wait"] = (TwoPartsOpen, 102, 26, ReloadAnswer.Wait),
        ["a part of the next segment beyond the limit: 400"] = (TwoPartsOpen, 102, 27, ReloadAnswer.BadRequest),
        ["the next segment as a whole: wait"] = (TwoPartsOpen, 102, null, ReloadAnswer.Wait),
        ["two segments past the open one: 400"] = (TwoPartsOpen, 103, null, ReloadAnswer.BadRequest),
        ["two segments past the open one, with a part: 400"] = (TwoPartsOpen, 103, 0, ReloadAnswer.BadRequest),
        ["nothing published, no directive: wait"] = (JustStarted, null, null, ReloadAnswer.Wait),
        ["nothing published, an old msn: wait"] = (JustStarted, 5, null, ReloadAnswer.Wait),
        ["nothing published, the first part: wait"] = (JustStarted, 101, 0, ReloadAnswer.Wait),
        ["no complete segment, no directive: wait"] = (FirstPart, null, null, ReloadAnswer.Wait),
        ["no complete segment, the part there is: now"] = (FirstPart, 101, 0, ReloadAnswer.Now),
        ["ended, anything: now"] = (Ended, 999, 7, ReloadAnswer.Now),
    };

    public static TheoryData<string> CaseNames => new(Cases.Keys);

    [Theory, MemberData(nameof(CaseNames))]
    public void Answers(string name)
    {
        (TimelinePosition position, long? msn, int? part, ReloadAnswer expected) = Cases[name];
        Assert.Equal(expected, position.Answer(new DeliveryDirectives(msn, part, SkipDirective.None), out _));
    }

    [Fact]
    public void A_wait_for_a_part_that_its_segment_never_gets_ends_with_the_first_part_of_the_next()
    {
        Assert.Equal(ReloadAnswer.Wait, TwoPartsOpen.Answer(new DeliveryDirectives(101, 3, SkipDirective.None), out AwaitedMedia awaited));
        TimelinePosition closedShort = TwoPartsOpen with { OpenMsn = 102, OpenParts = 0, PartsOfLastSegment = 3 };
        Assert.False(closedShort.Has(awaited));
        Assert.True((closedShort with { OpenParts = 1 }).Has(awaited));
    }

    [Fact]
    public void A_hinted_part_is_over_when_its_segment_closes_without_it()
    {
        var awaited = new AwaitedMedia(AwaitedKind.HintedPart, 101, 2);
        Assert.False(TwoPartsOpen.Has(awaited));
        Assert.True((TwoPartsOpen with { OpenParts = 3 }).Has(awaited));
        Assert.True((TwoPartsOpen with { OpenMsn = 102, OpenParts = 0, PartsOfLastSegment = 2 }).Has(awaited));
    }

    [Theory]
    [InlineData(101, 2, true)]
    [InlineData(101, 1, false)]
    [InlineData(101, 3, false)]
    [InlineData(102, 0, false)]
    public void Only_the_next_part_is_hinted(long msn, int part, bool expected)
    {
        Assert.Equal(expected, TwoPartsOpen.IsHinted(msn, part));
        Assert.False(Ended.IsHinted(msn, part));
    }
}
