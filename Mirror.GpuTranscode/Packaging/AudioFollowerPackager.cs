using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Publishing;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Packages the encoded sound: a segment starts with the first frame at or after the source's cut.</summary>
internal sealed class AudioFollowerPackager : FollowerPackager
{
    private const long ClockRate = VideoPackager.Timescale;

    private readonly int _sampleRate;

    /// <param name="plan">The playlist's constants; the first number is that of the first cut to come.</param>
    /// <param name="publisher">Where parts go.</param>
    /// <param name="maxLag">How late a frame may be decoded.</param>
    /// <param name="time">Tells when the last frame came.</param>
    public AudioFollowerPackager(RenditionPlan plan, PartPublisher publisher, TimeSpan maxLag, TimeProvider time)
        : base(new RenditionPackager(plan, track: null, publisher), maxLag, time)
        => _sampleRate = (int)plan.Timescale;

    protected override long LargestStretch => AudioPlan.FrameSamples / 2;

    /// <summary>Takes an encoded frame, and its reference of <paramref name="payload"/>.</summary>
    /// <param name="track">Its format.</param>
    /// <param name="timeline">That of the source.</param>
    /// <param name="pts">Presentation time in samples.</param>
    /// <param name="receivedTimestamp">When the source's last byte of it arrived.</param>
    /// <param name="payload">A raw data block.</param>
    public void Write(AudioTrack track, int timeline, long pts, long receivedTimestamp, MediaBuffer payload)
    {
        long pts90k = (long)((Int128)pts * ClockRate / _sampleRate);
        long frame90k = AudioPlan.FrameSamples * ClockRate / _sampleRate;
        long decode = pts + StreamPackager.TimelineOffsetSeconds * _sampleRate;
        BeginSegments(timeline, pts90k);
        if (Segment is { } segment && segment.Timeline == timeline && HasFormatOf(track) && (!Rendition.HasTimeline || decode >= Rendition.NextDecodeTime))
        {
            DateTime programTime = segment.TimeAt(pts90k);
            FillHole(segment, decode, programTime);
            var unit = new AccessUnit
            {
                Track = track,
                Pts90k = pts90k,
                Dts90k = pts90k,
                Payload = payload,
                SampleCount = AudioPlan.FrameSamples,
                IsRandomAccess = true,
                ProgramTime = programTime,
                ReceivedTimestamp = receivedTimestamp,
            };
            bool ends = DistanceToCut90k(timeline, pts90k) <= frame90k + RoundingTicks90k;
            Rendition.Add(unit, decode, decode, AudioPlan.FrameSamples, ends);
        }
        else { PackagingMetrics.UnitsDropped.Add(1); }
        payload.Release();
    }

    protected override long ToTicks(long pts90k) => (long)((Int128)pts90k * _sampleRate / ClockRate) + StreamPackager.TimelineOffsetSeconds * _sampleRate;

    /// <summary>It starts with its first frame, up to a frame after the picture.</summary>
    protected override void StartTimeline(long start) { }

    private bool HasFormatOf(AudioTrack track)
    {
        if (track.SameFormatAs(Rendition.Track)) { return true; }
        if (!Rendition.IsAtSegmentStart) { return false; }
        Rendition.ChangeFormat(track);
        return true;
    }

    /// <summary>Marks what is missing before a frame, since decoding times of sound have no offsets that could make up for it.</summary>
    private void FillHole(Cut segment, long decode, DateTime programTime)
    {
        if (!Rendition.HasTimeline)
        {
            long start = ToTicks(segment.Pts90k);
            if (decode - start <= AudioPlan.FrameSamples) { return; }
            Rendition.StartTimeline(start);
        }
        if (decode - Rendition.NextDecodeTime > AudioPlan.FrameSamples / 2) { Rendition.FillTo(decode, programTime); }
    }
}
