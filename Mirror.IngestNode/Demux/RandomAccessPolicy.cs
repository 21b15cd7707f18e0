using Mirror.Media.Codecs;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>Decides which pictures a decoder, and so a segment, may start with.</summary>
/// <remarks>
/// An IDR picture and its like always. A CRA picture of H.265 when a timeline starts, since the pictures that it cannot lead to are then
/// dropped, and later where the stream shows that it sends no such pictures, or where it is transcoded anyway (MPEG-2 video). Where a stream goes without any of these for longer than
/// the patience, the best that it does send: intra pictures with a recovery point, gradual refresh, plain intra pictures.
/// </remarks>
internal sealed class RandomAccessPolicy(TimeSpan patience)
{
    private const long TicksPerSecond = 90_000;
    private readonly long _patience = (long)(patience.TotalSeconds * TicksPerSecond);
    private long _waited;
    private long _lastDts;
    private bool _hasLastDts;
    private RandomAccessKind _bestSeen;
    private bool _isOpenGopClean;          // the last CRA whose followers are known led no skipped pictures
    private bool _wasOpenGop;
    private bool _sawSkippedLeading;

    /// <summary>Weaker random access points are taken, as the stream sends nothing better.</summary>
    public bool IsLenient { get; private set; }

    /// <summary>Another stream follows.</summary>
    public void Reset()
    {
        IsLenient = false;
        _waited = 0;
        _hasLastDts = false;
        _bestSeen = RandomAccessKind.None;
        _isOpenGopClean = false;
        _wasOpenGop = false;
        _sawSkippedLeading = false;
    }

    /// <summary>Judges the next picture in decoding order.</summary>
    /// <param name="picture">The picture, whose track is known.</param>
    /// <param name="dts">Its decoding time in 90 kHz ticks.</param>
    /// <param name="startsTimeline">Nothing was passed on before it.</param>
    public bool IsRandomAccess(in PictureInfo picture, long dts, bool startsTimeline)
    {
        Learn(picture);
        bool isStrong = picture.RandomAccess == RandomAccessKind.Refresh || picture.IsBrokenLink || IsCleanOpenGop(picture);
        Wait(dts, isStrong);
        if (isStrong) { return true; }
        if (picture.RandomAccess > _bestSeen) { _bestSeen = picture.RandomAccess; }
        if (startsTimeline && IsCleanRandomAccess(picture)) { return true; }
        if (!IsLenient && _waited >= _patience && picture.RandomAccess != RandomAccessKind.None) { IsLenient = true; }
        return IsLenient && picture.RandomAccess != RandomAccessKind.None && picture.RandomAccess >= _bestSeen;
    }

    private static bool IsCleanRandomAccess(in PictureInfo picture)
        => picture.RandomAccess == RandomAccessKind.OpenGop && picture.FrameType == FrameType.Key;

    private bool IsCleanOpenGop(in PictureInfo picture)
        => IsCleanRandomAccess(picture) && (_isOpenGopClean || picture.Track is { ReorderDepth: 0 } || picture.Track?.Codec.IsDeliverable() == false);

    private void Learn(in PictureInfo picture)
    {
        _sawSkippedLeading |= picture.IsSkippedLeading;
        if (picture.FrameType != FrameType.Key) { return; }
        if (_wasOpenGop) { _isOpenGopClean = !_sawSkippedLeading; }
        _wasOpenGop = IsCleanRandomAccess(picture);
        _sawSkippedLeading = false;
    }

    private void Wait(long dts, bool isStrong)
    {
        long step = _hasLastDts ? Math.Clamp(dts - _lastDts, 0, TicksPerSecond) : 0;
        _waited = isStrong ? 0 : _waited + step;
        _lastDts = dts;
        _hasLastDts = true;
    }
}
