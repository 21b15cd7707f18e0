using Mirror.Media.Frames;

namespace Mirror.Media.Codecs;

/// <summary>Reads the NAL units of one video stream in order: bounds of access units, kind of each picture, parameter sets in force.</summary>
/// <remarks>
/// MPEG-2 video is read the same way: what stands between two of its start codes takes the place of a NAL unit.
/// After <see cref="Read"/> says <see cref="NalUnitRole.StartsPicture"/>, the picture before it is still <see cref="Picture"/>, until
/// <see cref="BeginPicture"/>. Parameter sets are kept over the whole session. Not thread-safe.
/// </remarks>
public abstract class VideoSyntax
{
    /// <summary>Most bytes of a decoder configuration record: a stream that collects more is not one to be played.</summary>
    private protected const int LargestConfiguration = 32 * 1024;

    /// <summary>The picture whose slices are being read.</summary>
    public PictureInfo Picture { get; private protected set; }

    /// <summary>Parameter sets that could not be read.</summary>
    public long MalformedParameterSets { get; private protected set; }

    /// <summary>Samples are the bytes of the elementary stream with its start codes, rather than NAL units with lengths.</summary>
    public virtual bool KeepsStartCodes => false;

    /// <summary>The format last in force.</summary>
    private protected VideoTrack? Track { get; set; }

    /// <summary>Judges one NAL unit and learns from it.</summary>
    /// <param name="nalUnit">The NAL unit, header first, without start code; not empty.</param>
    /// <param name="isSample">Whether it is part of a sample: no delimiter, parameter set or filler.</param>
    public abstract NalUnitRole Read(ReadOnlySpan<byte> nalUnit, out bool isSample);

    /// <summary>The picture whose first slice was read last becomes <see cref="Picture"/>.</summary>
    public abstract void BeginPicture();

    /// <summary>Data is missing: forgets what was read ahead of a picture that will not come.</summary>
    public abstract void SkipPicture();

    /// <summary>A copy of <paramref name="nalUnit"/> in <paramref name="place"/>, unless the same is there already.</summary>
    private protected static bool TryStore(ref byte[]? place, ReadOnlySpan<byte> nalUnit)
    {
        if (place is not null && nalUnit.SequenceEqual(place)) { return false; }
        place = nalUnit.ToArray();
        return true;
    }

    private protected static FrameType MoreDependent(FrameType frameType, SliceType sliceType) => (frameType, sliceType) switch
    {
        (FrameType.Unknown or FrameType.Key, _) => frameType,
        (_, SliceType.B) => FrameType.Bidirectional,
        (FrameType.Intra, SliceType.P) => FrameType.Predicted,
        _ => frameType,
    };

    private protected static FrameType TypeOf(SliceType sliceType) => sliceType switch
    {
        SliceType.I => FrameType.Intra,
        SliceType.P => FrameType.Predicted,
        _ => FrameType.Bidirectional,
    };
}
