using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Publishing;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Tests.Packaging;

/// <summary>Encoded sound beside its source: frames of 1024 samples come some frames late, as from an encoder.</summary>
public sealed class AudioFollowerTests
{
    private const int Rate = 48_000;
    private const long Segment90k = 45_000;                  // half a second, of 23.4 frames
    private const long Start90k = 900_000;
    private const long FirstMsn = 50;
    private static readonly DateTime Epoch = new(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly Recorder _recorder = new();
    private readonly AudioFollowerPackager _follower;

    public AudioFollowerTests()
    {
        var publisher = new PartPublisher(_recorder, _recorder, TimeProvider.System, NullLogger<PartPublisher>.Instance);
        var plan = new RenditionPlan(new RenditionKey("s", RenditionName.EncodedAudio), false, Rate, TimeSpan.FromMilliseconds(107), 1, FirstMsn, 0);
        _follower = new AudioFollowerPackager(plan, publisher, LagController.DefaultMaxLag, TimeProvider.System);
    }

    [Fact]
    public void Segments_start_with_the_first_frame_at_or_after_the_sources_cut()
    {
        Send(segments: 8, _ => true);
        Assert.Empty(_recorder.Announcements.OfType<PartMissing>());
        List<List<PartReady>> segments = _recorder.Segments(RenditionName.EncodedAudio);
        Assert.Equal(Enumerable.Range(0, 8).Select(index => FirstMsn + index), segments.Select(segment => segment[0].Msn));
        for (int i = 0; i < segments.Count; i++)
        {
            double late = (segments[i][0].ProgramTime - TimeOf(Start90k + i * Segment90k)).TotalSeconds;
            Assert.InRange(late, -0.0001, 1024.0 / Rate);
        }
        List<ReadSample> samples = _recorder.Samples(RenditionName.EncodedAudio);
        Assert.All(samples, sample => Assert.Equal(sample.Decode, sample.Presentation));
        Assert.All(samples.Zip(samples.Skip(1)), pair => Assert.Equal(pair.First.Decode + 1024, pair.Second.Decode));
    }

    [Fact]
    public void The_last_part_says_that_it_is_the_last()
    {
        Send(segments: 8, _ => true);
        Assert.All(_recorder.Segments(RenditionName.EncodedAudio).SkipLast(1), segment => Assert.True(segment[^1].EndsSegment));
    }

    [Theory]
    [InlineData(30, 32)]                                     // a hole of two frames
    [InlineData(30, 90)]                                     // from one segment to another
    [InlineData(0, 60)]                                      // from the start
    public void Missing_frames_become_gaps_and_numbers_stay_equal(int from, int to)
    {
        Send(segments: 8, index => index < from || index >= to);
        long[] numbers = [.. _recorder.Announcements.Select(announcement => announcement switch { PartReady part => part.Msn, PartMissing part => part.Msn, _ => -1 }).Where(msn => msn >= 0).Distinct()];
        Assert.Equal(Enumerable.Range(0, 8).Select(index => FirstMsn + index), numbers);
        Assert.NotEmpty(_recorder.Announcements.OfType<PartMissing>());
        List<ReadSample> samples = _recorder.Samples(RenditionName.EncodedAudio);
        Assert.All(samples, sample => Assert.Equal(sample.Decode, sample.Presentation));
        Assert.All(samples, sample => Assert.Equal(0, (sample.Decode - samples[0].Decode) % 1024));
        foreach (PartReady part in _recorder.Parts(RenditionName.EncodedAudio).Where(part => part.PartIndex == 0))
        {
            Assert.InRange((part.ProgramTime - TimeOf(Start90k + (part.Msn - FirstMsn) * Segment90k)).TotalSeconds, -0.0001, 0.5);
        }
    }

    [Fact]
    public void A_new_timeline_is_a_discontinuity()
    {
        Send(segments: 3, _ => true);
        Send(segments: 3, _ => true, timeline: 2, start90k: 0, firstMsn: FirstMsn + 3);
        PartReady first = _recorder.Parts(RenditionName.EncodedAudio).First(part => part.Msn == FirstMsn + 3);
        Assert.True(first.StartsDiscontinuity);
        Assert.Single(_recorder.Parts(RenditionName.EncodedAudio), part => part.StartsDiscontinuity);
        Assert.Empty(_recorder.Announcements.OfType<PartMissing>());
    }

    private static DateTime TimeOf(long pts90k) => Epoch.AddSeconds(pts90k / 90_000.0);

    /// <summary>Sends segments of the source's cuts, and of the frames that belong to them, each behind its cut.</summary>
    private void Send(int segments, Func<int, bool> keeps, int timeline = 1, long start90k = Start90k, long firstMsn = FirstMsn)
    {
        var track = new AudioTrack { Id = 2, Codec = Codec.Aac, DecoderConfiguration = new byte[] { 0x11, 0x90 }, CodecString = "mp4a.40.2", SampleRate = Rate, Channels = 2 };
        long first = start90k * Rate / 90_000 + 100;
        int frame = 0;
        for (int i = 0; i < segments; i++)
        {
            long cut90k = start90k + i * Segment90k;
            _follower.AddCut(new Cut(timeline, cut90k, TimeOf(cut90k), IsDiscontinuity: i == 0 && timeline > 1, firstMsn + i));
            _follower.Decide(new Cut(timeline, cut90k + Segment90k, TimeOf(cut90k + Segment90k), IsDiscontinuity: false, firstMsn + i + 1));
            for (; (first + frame * 1024L) * 90_000 / Rate < cut90k + Segment90k; frame++)
            {
                if (keeps(frame)) { _follower.Write(track, timeline, first + frame * 1024L, 0, MediaBuffer.CopyOf([1, 2])); }
            }
        }
        _follower.Undecide();
        _follower.Interrupt();
    }
}
