using Mirror.IngestNode.Streams;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Tests.Streams;

public sealed class TrackWatchTests
{
    private readonly ManualTime _time = new();
    private readonly TrackWatch _watch;

    public TrackWatchTests()
    {
        _watch = new TrackWatch(_time);
        _watch.SetLayout(new FeedLayout(HasVideo: true, HasAudio: true));
        _watch.Start();
    }

    [Theory]
    [InlineData(true, "video arrives, but no audio")]
    [InlineData(false, "audio arrives, but no video")]
    public void A_track_that_stays_away_is_told_and_its_return(bool isVideo, string missing)
    {
        Send(5, video: true, audio: true);
        Assert.Null(_watch.Missing());
        Send(3.9, video: isVideo, audio: !isVideo);
        Assert.Null(_watch.Missing());
        Send(0.2, video: isVideo, audio: !isVideo);
        Assert.Equal(missing, _watch.Missing());
        Send(0.1, video: true, audio: true);
        Assert.Null(_watch.Missing());
    }

    [Fact]
    public void A_track_that_is_announced_and_never_comes_is_told()
    {
        Send(4.1, video: true, audio: false);
        Assert.Equal("video arrives, but no audio", _watch.Missing());
        _watch.SetLayout(new FeedLayout(HasVideo: true, HasAudio: false));
        Assert.Null(_watch.Missing());
    }

    [Fact]
    public void A_slide_show_is_no_missing_video()
    {
        for (int slide = 0; slide < 5; slide++)
        {
            _watch.OnUnit(isVideo: true);
            Send(3, video: false, audio: true);
        }
        _watch.OnUnit(isVideo: true);
        Send(8, video: false, audio: true);
        Assert.Null(_watch.Missing());
        Send(2, video: false, audio: true);
        Assert.Equal("audio arrives, but no video", _watch.Missing());
    }

    [Fact]
    public void A_pause_of_both_is_no_missing_track()
    {
        for (int burst = 0; burst < 10; burst++)
        {
            for (int i = 0; i < 100; i++)
            {
                _watch.OnUnit(isVideo: true);
                Assert.Null(_watch.Missing());
                if (i < 99) { _watch.OnUnit(isVideo: false); }
            }
            _time.Advance(TimeSpan.FromSeconds(6));
            Assert.Null(_watch.Missing());
        }
    }

    private void Send(double seconds, bool video, bool audio)
    {
        for (int i = 0; i < Math.Round(seconds * 50); i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(20));
            if (video) { _watch.OnUnit(isVideo: true); }
            if (audio) { _watch.OnUnit(isVideo: false); }
        }
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan by) => _now += by.Ticks;
    }
}
