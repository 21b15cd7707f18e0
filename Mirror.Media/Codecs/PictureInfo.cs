using Mirror.Media.Frames;

namespace Mirror.Media.Codecs;

/// <summary>What the headers of a picture's NAL units tell.</summary>
public readonly record struct PictureInfo
{
    /// <summary>How it is predicted; of several slices the one that depends on most.</summary>
    public FrameType FrameType { get; init; }

    /// <summary>What decoding can start with it.</summary>
    public RandomAccessKind RandomAccess { get; init; }

    /// <summary>H.265 BLA_W_LP: its skipped leading pictures can never be decoded.</summary>
    public bool IsBrokenLink { get; init; }

    /// <summary>H.265 RASL: refers to pictures before the random access point that it follows.</summary>
    public bool IsSkippedLeading { get; init; }

    /// <summary>No other picture refers to it.</summary>
    public bool IsDisposable { get; init; }

    /// <summary>The first field of a frame whose second field has not come.</summary>
    public bool IsLoneField { get; init; }

    /// <summary>
    /// Place in output order, counted from the last picture that <see cref="RestartsOrder"/>: PicOrderCnt (H.264 §8.2.1, H.265 §8.3.1), or
    /// temporal_reference of MPEG-2; <see langword="null"/> where it is not known.
    /// </summary>
    public int? OutputOrder { get; init; }

    /// <summary><see cref="OutputOrder"/> counts anew from here on; pictures before this one in decoding order precede the count's zero in output.</summary>
    public bool RestartsOrder { get; init; }

    /// <summary>
    /// Parameter sets that a decoder needs before it and that <see cref="Track"/> does not have: NAL units, each behind its length in four
    /// bytes. Empty where the track has all.
    /// </summary>
    public ReadOnlyMemory<byte> ParameterSets { get; init; }

    /// <summary>The format in force; <see langword="null"/> until its parameter sets are known.</summary>
    public VideoTrack? Track { get; init; }
}
