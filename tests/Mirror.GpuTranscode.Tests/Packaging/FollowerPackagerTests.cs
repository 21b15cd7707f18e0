using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Publishing;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Tests.Packaging;

/// <summary>An encoded rendition beside its source: the frames come some pictures late, as from an encoder.</summary>
public sealed class FollowerPackagerTests
{
    private const string Rendition = "360p";
    private const int Gop = 15;
    private const long Frame90k = 3_000;
    private readonly Recorder _recorder = new();
    private readonly Lazy<Rig> _shared;

    public FollowerPackagerTests() => _shared = new(() => new Rig(_recorder));

    private Rig Encoder => _shared.Value;

    [Fact]
    public void Segments_have_the_sources_numbers_times_and_key_frames()
    {
        Encoder.Send(0, 300);
        Encoder.Finish();
        AssertAligned();
        Assert.Empty(_recorder.Announcements.OfType<PartMissing>());
        Assert.Equal(300, _recorder.Samples(Rendition).Count);
        Assert.All(_recorder.Segments(Rendition), segment => Assert.True(segment[0].IsIndependent));
    }

    [Fact]
    public void A_decided_cut_lets_the_last_part_say_that_it_is_the_last()
    {
        Encoder.Send(0, 300);
        Encoder.Finish();
        Assert.All(_recorder.Segments(Rendition).Skip(6).SkipLast(1), segment => Assert.True(segment[^1].EndsSegment));
    }

    [Fact]
    public void Half_the_frame_rate_keeps_every_boundary()
    {
        var rig = new Rig(_recorder, pictureStep: 2) { Keeps = index => index % Gop % 2 == 0 };
        rig.Send(0, 300);
        rig.Finish();
        AssertAligned();
        Assert.Empty(_recorder.Announcements.OfType<PartMissing>());
    }

    [Theory]
    [InlineData(20)]                                         // two of three pictures
    [InlineData(18)]                                         // three of five
    [InlineData(25)]
    public void A_cap_that_the_frame_rate_is_no_multiple_of_leaves_no_gap_and_shows_nothing_before_it_is_decoded(int cap)
    {
        var gate = new FrameRateGate(new Rational(30, 1), new Rational((uint)cap, 1));
        var rig = new Rig(_recorder, longestStep: 2) { Keeps = index => gate.Admits(900_000 + index * Frame90k, index % Gop == 0, skipLevel: 0) };
        rig.Send(0, 300);
        rig.Finish();
        AssertAligned(_recorder, mayDiffer: TimeSpan.FromSeconds(Frame90k / 90_000.0));          // decoded before it is shown
        Assert.Empty(_recorder.Announcements.OfType<PartMissing>());
        List<ReadSample> samples = _recorder.Samples(Rendition);
        Assert.InRange(samples.Count, cap * 10 - 10, cap * 10 + 20);
        Assert.All(samples, sample => Assert.InRange(sample.Presentation - sample.Decode, 0, Frame90k + 1));       // 33.3 ms are no whole number of ticks of a TimeSpan
    }

    [Fact]
    public void Missing_frames_become_gaps_and_numbers_stay_equal()
    {
        Encoder.Keeps = index => index is < 100 or >= 140;      // from the middle of a segment to the middle of another
        Encoder.Send(0, 300);
        Encoder.Finish();
        AssertAligned();
        long missing = _recorder.Announcements.OfType<PartMissing>().Where(part => part.Rendition.Rendition == Rendition).Sum(part => part.Duration);
        Assert.Equal(40 * Frame90k, missing);
        Assert.Equal(260, _recorder.Samples(Rendition).Count);
    }

    [Fact]
    public void A_full_rate_that_comes_back_right_before_a_cut_begins_no_segment_of_its_own()
    {
        const int LastOfGop = 10 * Gop - 1;
        Encoder.Keeps = index => index >= LastOfGop || index % Gop == 0 || index % Gop % 2 == 1;        // the one before the last lasts until the cut
        Encoder.Send(0, 300);
        Encoder.Finish();
        AssertAligned();
    }

    [Fact]
    public void Whatever_the_encoder_leaves_out_numbers_and_boundaries_stay_the_sources()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var recorder = new Recorder();
            var rig = new Rig(recorder);
            int modeEnds = 0, step = 1;
            rig.Keeps = index =>
            {
                if (index >= modeEnds && (step > 0 || index % Gop == 0)) { (modeEnds, step) = (index + random.Next(1, 60), random.Next(4)); }
                return step > 0 && (index % Gop == 0 || index % step == 0);        // all of them, every other, every third, or none
            };
            rig.Send(0, 300);
            rig.Keeps = _ => true;
            bool returns = seed % 2 == 1;
            if (returns) { rig.Drain(); }
            rig.Send(returns ? 300 + seed % 7 : 300, 450, startsTimeline: returns);
            rig.Finish();
            // Where the picture before a cut is left out, and its part has gone, the segment begins with its first picture decoded early: by so much at most.
            AssertAligned(recorder, $"seed {seed}: ", mayDiffer: TimeSpan.FromSeconds(2 * Frame90k / 90_000.0));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Whenever_the_sources_pictures_go_and_return_what_is_encoded_in_their_place_is_all_there(int delay)
    {
        for (int start = 100; start < 100 + Gop; start++)
        {
            for (int length = 1; length < 80; length += 1 + length / 10)
            {
                var recorder = new Recorder();
                var rig = new Rig(recorder) { Delay = delay, IsMissing = index => index >= start && index < start + length };
                rig.Send(0, 300);
                rig.Finish();
                Assert.Equal((start, length, 300), (start, length, recorder.Samples(Rendition).Count));
                Assert.DoesNotContain(recorder.Announcements, announcement => announcement is PartMissing { Rendition.Rendition: Rendition });
                AssertAligned(recorder, $"{length} from {start} on: ", mayDiffer: TimeSpan.FromSeconds(3 * Frame90k / 90_000.0));
            }
        }
    }

    [Fact]
    public void While_frames_stay_away_gaps_follow_the_source()
    {
        Encoder.Keeps = index => index is < 200 or >= 500;
        Assert.False(Encoder.IsPlayed);
        Encoder.Send(0, 450);
        // Two seconds behind the source everything is told.
        PartMissing last = _recorder.Announcements.OfType<PartMissing>().Last(part => part.Rendition.Rendition == Rendition);
        Assert.InRange(_recorder.Parts(Rig.Source).Last().Msn - last.Msn, 1, 6);
        Encoder.Send(450, 650);
        Encoder.Finish();
        AssertAligned();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]                                         // it stops right after its first frames: it opens the next codec, and has no processor
    public void A_worker_that_is_late_at_its_start_and_catches_up_leaves_no_gap(int inTime)
    {
        Encoder.Send(0, inTime);
        Encoder.Delay = 120;                                 // four seconds
        Encoder.Send(inTime, 150 + inTime);
        Encoder.Delay = 3;
        Encoder.Send(150 + inTime, 450);
        Encoder.Finish();
        AssertAligned();
        Assert.Empty(_recorder.Announcements.OfType<PartMissing>());
        Assert.Equal(450, _recorder.Samples(Rendition).Count);
    }

    [Theory]
    [InlineData(0.25, true)]                                 // what is four seconds late was left out: nobody waits for it
    [InlineData(10, false)]
    public void What_may_be_decoded_late_is_waited_for(double maxLag, bool hasGaps)
    {
        var rig = new Rig(_recorder, maxLag: TimeSpan.FromSeconds(maxLag));
        rig.Send(0, 300);
        rig.Delay = 120;
        rig.Send(300, 600);
        rig.Delay = 3;
        rig.Send(600, 900);
        rig.Finish();
        AssertAligned();
        Assert.Equal(hasGaps, _recorder.Announcements.OfType<PartMissing>().Any());
    }

    [Fact]
    public void A_discontinuity_of_the_source_is_one_here_as_well()
    {
        Encoder.Send(0, 100);
        Encoder.Drain();
        Encoder.Send(1000, 1150, startsTimeline: true);
        Encoder.Finish();
        AssertAligned();
        long[] source = [.. _recorder.Parts(Rig.Source).Where(part => part.StartsDiscontinuity).Select(part => part.Msn)];
        long[] here = [.. _recorder.Parts(Rendition).Where(part => part.StartsDiscontinuity).Select(part => part.Msn)];
        Assert.Equal(source, here);
        Assert.Single(here);
    }

    [Fact]
    public void While_the_publisher_is_away_nobody_is_silent()
    {
        Encoder.Send(0, 100);
        Encoder.Drain();
        Encoder.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.True(Encoder.IsPlayed);
        Assert.Equal(TimeSpan.FromSeconds(20), Encoder.Silence);
        Encoder.Send(1000, 1001, startsTimeline: true);      // its frame is still being encoded
        Assert.Equal(TimeSpan.Zero, Encoder.Silence);
        Encoder.Time.Advance(TimeSpan.FromSeconds(1));
        Encoder.Send(1001, 1002);
        Assert.Equal(TimeSpan.FromSeconds(1), Encoder.Silence);
        Encoder.Finish();
    }

    [Fact]
    public void Another_format_begins_with_a_segment()
    {
        Encoder.Send(0, 100);
        Encoder.Track = Source.VideoOf(320, 180);               // an encoder that replaces another in mid-segment
        Encoder.Send(100, 200);
        Encoder.Finish();
        AssertAligned();
        Announcement[] announced = [.. _recorder.Announcements.Where(announcement => announcement.Rendition.Rendition == Rendition && announcement is InitReady or PartReady)];
        int second = Array.FindLastIndex(announced, announcement => announcement is InitReady);
        Assert.Equal(2, announced.OfType<InitReady>().Count());
        Assert.Equal(0, ((PartReady)announced[second + 1]).PartIndex);
    }

    /// <summary>What both have starts at the same time under the same number; what is missing here is marked.</summary>
    private void AssertAligned() => AssertAligned(_recorder);

    private static void AssertAligned(Recorder recorder, string about = "", TimeSpan mayDiffer = default)
    {
        Dictionary<long, DateTime> source = Listed(recorder, Rig.Source).Where(part => part.PartIndex == 0).ToDictionary(part => part.Msn, part => part.Start);
        List<(long Msn, int PartIndex, DateTime Start)> here = Listed(recorder, Rendition);
        Assert.Equal(here.Count, here.Select(part => (part.Msn, part.PartIndex)).Distinct().Count());
        foreach ((long msn, _, DateTime start) in here.Where(part => part.PartIndex == 0))
        {
            Assert.True(source.ContainsKey(msn), $"{about}the source has no segment {msn}");
            TimeSpan early = source[msn] - start;
            Assert.True(early.Duration() < mayDiffer + TimeSpan.FromMilliseconds(0.1), $"{about}{msn} starts at {start:O}, and in the source at {source[msn]:O}");
        }
        Assert.Equal(source.Keys.Order(), here.Select(part => part.Msn).Distinct().Order());
    }

    /// <summary>All parts, those that are missing as well.</summary>
    private static List<(long Msn, int PartIndex, DateTime Start)> Listed(Recorder recorder, string rendition)
        => [.. recorder.Announcements.Where(announcement => announcement.Rendition.Rendition == rendition)
            .Select(announcement => announcement switch
            {
                PartReady part => (part.Msn, part.PartIndex, part.ProgramTime),
                PartMissing part => (part.Msn, part.PartIndex, part.ProgramTime),
                _ => (Msn: -1L, PartIndex: 0, ProgramTime: default),
            })
            .Where(part => part.Msn >= 0)];

    /// <summary>The source's packager, and an encoder that is some pictures behind.</summary>
    private sealed class Rig : ICutFollower
    {
        public const string Source = "source";
        private static readonly DateTime Epoch = new(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);
        private readonly VideoPackager _source;
        private readonly VideoFollowerPackager _follower;
        private readonly Queue<(int Timeline, long Pts90k, bool IsKey)> _encoder = new();
        private int _timeline;
        private bool _startsSegment;

        public Rig(Recorder recorder, int pictureStep = 1, int longestStep = 1, TimeSpan? maxLag = null)
        {
            var publisher = new PartPublisher(recorder, recorder, TimeProvider.System, NullLogger<PartPublisher>.Instance);
            TimeSpan frame = TimeSpan.FromSeconds(Frame90k / 90_000.0);
            RenditionPlan Plan(string name) => new(new RenditionKey("s", name), true, VideoPackager.Timescale, TimeSpan.FromMilliseconds(100), 1, 50, 0);
            _source = new VideoPackager(new RenditionPackager(Plan(Source), SourceTrack, publisher), [this], TimeSpan.FromMilliseconds(500), FrameRhythm.Even(frame), "s", NullLogger.Instance);
            _follower = new VideoFollowerPackager(Plan(Rendition), new FrameRhythm(frame * pictureStep, frame * Math.Max(pictureStep, longestStep)), isReordered: false, publisher, maxLag ?? LagController.DefaultMaxLag, Time);
        }

        public ManualTime Time { get; } = new();

        public bool IsPlayed => _follower.IsPlayed;

        public TimeSpan Silence => Time.GetElapsedTime(_follower.LastWritten);

        public Func<int, bool> Keeps { get; set; } = _ => true;

        /// <summary>Pictures that the source lacks, and the encoder repeats.</summary>
        public Func<int, bool> IsMissing { get; set; } = _ => false;

        /// <summary>Pictures that the encoder is behind. It works off what is beyond that at twice their rate.</summary>
        public int Delay { get; set; } = 3;

        public VideoTrack Track { get; set; } = Packaging.Source.VideoOf(640, 360);

        private static VideoTrack SourceTrack { get; } = Packaging.Source.VideoOf(1280, 720);

        public void Send(int first, int end, bool startsTimeline = false)
        {
            for (int index = first; index < end; index++)
            {
                long pts = 900_000 + index * Frame90k;
                bool isMissing = IsMissing(index);
                MediaBuffer payload = MediaBuffer.CopyOf(isMissing ? [] : [1, 2, 3]);
                var unit = new AccessUnit
                {
                    Track = SourceTrack,
                    Pts90k = pts,
                    Dts90k = pts,
                    Payload = payload,
                    IsRandomAccess = !isMissing && ((index - first) % Gop == 0 || index % Gop == 0),
                    FrameType = FrameType.Key,
                    ProgramTime = Epoch.AddSeconds(pts / 90_000.0),
                    StartsDiscontinuity = startsTimeline && index == first,
                };
                _startsSegment = false;
                _source.Write(unit);
                unit.Release();
                _follower.OnSource(_timeline, pts);
                if (Keeps(index)) { _encoder.Enqueue((_timeline, pts, _startsSegment)); }
                for (int encoded = 0; encoded < 2 && _encoder.Count > Delay; encoded++) { Encode(); }
            }
        }

        public void Drain()
        {
            while (_encoder.Count > 0) { Encode(); }
            _source.Interrupt();
            _follower.Interrupt();
        }

        public void Finish()
        {
            Drain();
            _follower.End();
        }

        public void StartTimeline(Cut cut)
        {
            _timeline++;
            Add(cut);
        }

        public void Decide(Cut cut) => _follower.Decide(cut);

        public void Undecide() => _follower.Undecide();

        public void Add(Cut cut)
        {
            _startsSegment = true;
            _follower.AddCut(cut);
        }

        private void Encode()
        {
            (int timeline, long pts, bool isKey) = _encoder.Dequeue();
            _follower.Write(Track, timeline, pts, pts, isKey, 0, MediaBuffer.CopyOf([4, 5]));
        }
    }
}
