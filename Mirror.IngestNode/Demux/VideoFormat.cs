using Mirror.Media.Codecs.Captions;
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
    private readonly CaptionDetector _captions = new();
    private CaptionServices? _announcedCaptions;
    private CaptionServices? _services;

    /// <summary>90 kHz ticks from one picture to the next; a guess until the rate is known.</summary>
    public long FrameDuration => _issued is { FrameRate.IsKnown: true } track ? (long)Math.Round(TicksPerSecond / track.FrameRate.Value) : DefaultFrameDuration;

    /// <summary>Sets the captions that the program map announces. Only their languages are used: the frames show what there is.</summary>
    public void AnnounceCaptions(CaptionServices? captions)
    {
        if (captions is null) { return; }
        _announcedCaptions = captions;
        _services = _captions.Services?.WithLanguagesOf(captions);
    }

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

    /// <summary>The track for a unit; issued once more when the measurement says so, or captions are found.</summary>
    /// <param name="dts">Decoding time of the unit.</param>
    /// <param name="sample">Payload of the unit.</param>
    public VideoTrack Issue(long dts, ReadOnlySpan<byte> sample)
    {
        if (_captions.ReadSample(_issued!.Codec, sample)) { _services = _captions.Services!.WithLanguagesOf(_announcedCaptions); }
        if (!ReferenceEquals(_issued.Captions, _services)) { _issued = _issued with { Captions = _services }; }
        VideoTrack track = _issued;
        if (!_frameRate.Observe(dts)) { return track; }
        Rational measured = _frameRate.Result;
        if (track.FrameRate.IsKnown && Math.Abs(track.FrameRate.Value - measured.Value) <= VuiTolerance * measured.Value) { return track; }
        _issued = track with { FrameRate = measured };
        return _issued;
    }
}
