using Mirror.Media.Codecs;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Gives pictures strictly rising decoding times that are never after their presentation times.</summary>
/// <remarks>
/// A DTS that breaks the rule is moved by as little as needed. Some encoders send B-frames without any DTS, which the standard forbids: the
/// decoding times are then a frame apart, and start so early that every picture can be presented in time.
/// </remarks>
internal struct DecodeTimes
{
    private const int DeepestReordering = 4;               // pyramids of B-frames reach 3
    private const int DeepestSilentReordering = 2;         // of H.264, whose parameter sets may say as many as the buffer holds instead
    private int _depth;
    private bool _hasSeenDts;

    /// <summary>The last decoding time given out.</summary>
    public long Last { get; private set; }

    /// <summary>Whether one was given out.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Times that were moved or made up.</summary>
    public long Repaired { get; private set; }

    /// <summary>A new timeline starts.</summary>
    public void Reset() => (IsStarted, _depth, _hasSeenDts) = (false, 0, false);

    /// <summary>Whether a picture has a decoding time left before its presentation.</summary>
    public readonly bool HasRoom(long pts) => !IsStarted || pts > Last;

    /// <summary>Places the next picture in decoding order. Where <see cref="HasRoom"/> says no, its presentation is put off by as little as needed.</summary>
    /// <param name="picture">The picture, whose track is known.</param>
    /// <param name="pts">Its PTS, unwrapped.</param>
    /// <param name="dts">Its DTS, unwrapped; <see langword="null"/> when the PES packet has none.</param>
    /// <param name="isMadeUp">The PES packet has no timestamps that could be used: the PTS is made up, and no DTS does not mean the same.</param>
    /// <param name="frame">90 kHz ticks from one frame to the next.</param>
    public void Place(in PictureInfo picture, ref long pts, long? dts, bool isMadeUp, long frame)
    {
        _hasSeenDts |= dts is not null;
        if (!IsStarted) { _depth = DepthOf(picture.Track); }
        long placed = Math.Min(dts ?? MakeUp(picture.RandomAccess == RandomAccessKind.Refresh, isMadeUp, pts, frame), pts);
        bool isRepaired = isMadeUp || placed != (dts ?? pts);
        if (IsStarted && placed <= Last)
        {
            isRepaired = true;
            placed = Last + 1;
            if (pts < placed)
            {
                if (!_hasSeenDts) { _depth = Math.Clamp(_depth + (int)((placed - pts) / Math.Max(1, frame)) + 1, 0, DeepestReordering); }
                pts = placed;
            }
        }
        if (isRepaired) { Repaired++; }
        Last = placed;
        IsStarted = true;
    }

    /// <summary>Without B-frames, PTS is DTS. With them a frame follows the last; an IDR picture and its like show how far ahead of presentation that may be.</summary>
    private readonly long MakeUp(bool isRefresh, bool isMadeUp, long pts, long frame)
    {
        if (_hasSeenDts) { return isMadeUp && IsStarted ? Last + frame : pts; }
        if (_depth == 0) { return pts; }
        long earliest = pts - _depth * frame;
        if (!IsStarted) { return earliest; }
        return isRefresh ? Math.Max(Last + frame, earliest) : Last + frame;
    }

    private static int DepthOf(VideoTrack? track)
        => track is null || (track.Codec == Codec.H264 && track.ReorderDepth > DeepestSilentReordering) ? 0 : Math.Min(track.ReorderDepth, DeepestReordering);
}
