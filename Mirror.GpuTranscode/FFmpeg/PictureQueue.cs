namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>The source pictures that the decoder has been given and has not yet put out.</summary>
/// <remarks>They go in by decoding order and come out by presentation order, so a picture that comes out leaves none before it to wait for.</remarks>
internal sealed class PictureQueue
{
    private const int MostPictures = 128;                    // a decoder holds 16 and as many threads; beyond that they are lost
    private readonly SourcePicture[] _pictures = new SourcePicture[MostPictures];
    private int _count;
    private bool _isSegmentStartLost;
    private long _last90k = long.MinValue;

    /// <summary>Pictures that never came out.</summary>
    public long Lost { get; private set; }

    /// <summary>Notes a picture that the decoder is about to be given.</summary>
    public void Add(in SourcePicture picture)
    {
        if (_count == MostPictures) { RemoveAt(0); }
        _pictures[_count++] = picture;
    }

    /// <summary>Takes the picture that came out, and forgets those before it in presentation order, for they are lost.</summary>
    /// <param name="pts90k">Its presentation time.</param>
    /// <param name="picture">It starts a segment as well if a lost one was to.</param>
    /// <returns><see langword="false"/> when no such picture went in, or a later one is out already: a damaged stream's order is anyone's guess.</returns>
    public bool TryTake(long pts90k, out SourcePicture picture)
    {
        picture = default;
        int found = IndexOf(pts90k);
        if (found < 0) { return false; }
        if (pts90k <= _last90k)
        {
            RemoveAt(found);
            return false;
        }
        _last90k = pts90k;
        picture = _pictures[found];
        _pictures.AsSpan(found + 1, --_count - found).CopyTo(_pictures.AsSpan(found));
        for (int i = _count - 1; i >= 0; i--)
        {
            if (_pictures[i].Pts90k <= pts90k) { RemoveAt(i); }
        }
        picture = picture with { StartsSegment = picture.StartsSegment || _isSegmentStartLost };
        _isSegmentStartLost = false;
        return true;
    }

    /// <summary>A picture is shown that did not go in: what comes out later than it should is given up.</summary>
    /// <returns><see langword="false"/> when a later one is out already.</returns>
    public bool TryPass(long pts90k)
    {
        if (pts90k <= _last90k) { return false; }
        _last90k = pts90k;
        return true;
    }

    /// <summary>Gives up those still inside: the timeline ends.</summary>
    public void Clear()
    {
        Lost += _count;
        _count = 0;
        _last90k = long.MinValue;
        _isSegmentStartLost = false;
    }

    private int IndexOf(long pts90k)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_pictures[i].Pts90k == pts90k) { return i; }
        }
        return -1;
    }

    private void RemoveAt(int index)
    {
        _isSegmentStartLost |= _pictures[index].StartsSegment;
        _pictures.AsSpan(index + 1, --_count - index).CopyTo(_pictures.AsSpan(index));
        Lost++;
    }
}
