using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>The video track in force, with its frame rate measured where the parameter sets are silent or wrong.</summary>
internal sealed class VideoFormat
{
    private const long TicksPerSecond = 90_000;
    private const long DefaultFrameDuration = 3_600;
    private const double VuiTolerance = 0.05;               // a measured frame rate this near to the VUI's confirms it
    private readonly FrameRateMeter _frameRate = new();
    private VideoTrack? _parsed;                            // as the parameter sets say
    private VideoTrack? _issued;

    /// <summary>90 kHz ticks from one picture to the next; a guess until the rate is known.</summary>
    public long FrameDuration => _issued is { FrameRate.IsKnown: true } track ? (long)Math.Round(TicksPerSecond / track.FrameRate.Value) : DefaultFrameDuration;

    /// <summary>The track of a random access point is in force from there on.</summary>
    /// <returns>Whether it is another format.</returns>
    public bool Adopt(VideoTrack track)
    {
        if (ReferenceEquals(track, _parsed)) { return false; }
        bool isOther = !track.SameFormatAs(_parsed);
        _parsed = track;
        _issued = track;
        _frameRate.Reset();
        return isOther;
    }

    /// <summary>A new timeline starts: what was measured on the last one stays in force, and is checked again.</summary>
    public void StartTimeline() => _frameRate.Reset();

    /// <summary>The track for the unit with decoding time <paramref name="dts"/>; issued once more when the measurement says so.</summary>
    public VideoTrack Issue(long dts)
    {
        VideoTrack track = _issued!;
        if (!_frameRate.Observe(dts)) { return track; }
        Rational measured = _frameRate.Result;
        if (track.FrameRate.IsKnown && Math.Abs(track.FrameRate.Value - measured.Value) <= VuiTolerance * measured.Value) { return track; }
        _issued = track with { FrameRate = measured };
        return _issued;
    }
}
