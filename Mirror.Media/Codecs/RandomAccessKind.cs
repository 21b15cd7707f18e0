namespace Mirror.Media.Codecs;

/// <summary>What a picture promises to a decoder that starts with it.</summary>
public enum RandomAccessKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The picture itself can be decoded; nothing is said of those behind it.</summary>
    Intra,

    /// <summary>Pictures become right bit by bit: a recovery point with a count, as intra refresh sends it.</summary>
    Gradual,

    /// <summary>
    /// It and all that follow it in output order can be decoded; pictures that precede it in output order may not (H.264: intra picture with
    /// a recovery point; H.265: CRA, BLA_W_LP).
    /// </summary>
    OpenGop,

    /// <summary>It and all that follow it in decoding order can be decoded (IDR, BLA without skipped leading pictures).</summary>
    Refresh,
}
