using Mirror.Streams.Recordings;

namespace Mirror.Streams.Tests.Recordings;

public sealed class DvrOptionsTests
{
    [Theory]
    [InlineData("*", "studio", true)]
    [InlineData("studio", "studio", true), InlineData("studio", "studio2", false), InlineData("studio", "Studio", false)]
    [InlineData("cam* studio", "cam-1", true), InlineData("cam* studio", "studio", true), InlineData("cam* studio", "webcam", false)]
    [InlineData("*-main", "news-main", true), InlineData("*-main", "news-backup", false)]
    public void Patterns_say_which_streams_are_recorded(string streams, string stream, bool isRecorded)
    {
        Assert.Equal(isRecorded, new DvrOptions { Enabled = true, Streams = streams }.Records(stream));
        Assert.False(new DvrOptions { Enabled = false, Streams = streams }.Records(stream));
    }
}
