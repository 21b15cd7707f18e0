using Mirror.Media.Frames;
using Mirror.Streams.Announcements;

namespace Mirror.Streams.Tests.Announcements;

public sealed class StreamLogTests
{
    /// <summary>It joins at a segment from before the captions were found, and is not told a second time where more becomes known.</summary>
    [Fact]
    public void A_newcomer_is_told_all_that_is_known_of_a_format()
    {
        LogEntry init = AnnouncementMessages.Entries[1];
        var ready = (InitReady)init.Announcement;
        var captions = new CaptionServices([new("CC1", null)]);
        LogEntry described = init with { Sequence = 2000, Announcement = ready with { Track = (VideoTrack)ready.Track with { Captions = captions } } };
        Dictionary<string, RenditionState> states = new(StringComparer.Ordinal);
        foreach (LogEntry entry in (LogEntry[])[AnnouncementMessages.Entries[0], init, described]) { Assert.True(RenditionState.Apply(states, entry)); }
        RenditionState state = states[init.Rendition];
        Assert.Equal(captions, ((VideoTrack)state.InitAt(init.Sequence + 1)!.Track).Captions);
        Assert.Null(state.InitAt(init.Sequence));

        StreamLog read = StreamLog.Read("cam", 3000, [], [state.Write("cam")]);
        Assert.Equal(captions, ((VideoTrack)read.Renditions[init.Rendition].InitAt(long.MaxValue)!.Track).Captions);
    }
}
