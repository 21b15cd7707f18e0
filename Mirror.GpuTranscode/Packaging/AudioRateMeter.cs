using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Measures the bit rate of a source's sound: no codec that Mirror carries states it for the whole stream.</summary>
internal sealed class AudioRateMeter
{
    private long _bytes;
    private double _seconds;
    private Track? _track;

    /// <summary>How much sound of the last format was measured.</summary>
    public TimeSpan Measured => TimeSpan.FromSeconds(_seconds);

    /// <summary>Bits per second; 0 before the first frame.</summary>
    public long Bitrate => _seconds > 0 ? (long)(_bytes * 8 / _seconds) : 0;

    /// <summary>Counts a frame; another format is measured anew.</summary>
    public void Add(AccessUnit unit)
    {
        if (unit.Track is not AudioTrack { SampleRate: > 0 } track || unit.SampleCount <= 0) { return; }
        if (!track.SameFormatAs(_track)) { (_bytes, _seconds, _track) = (0, 0, track); }
        _bytes += unit.Payload.Length;
        _seconds += (double)unit.SampleCount / track.SampleRate;
    }
}
