namespace Mirror.Media.Frames;

/// <summary>How a coded picture is predicted. Audio frames are <see cref="Key"/>.</summary>
public enum FrameType
{
    /// <summary>Not known: its slices could not be read.</summary>
    Unknown,

    /// <summary>Decodable on its own, and a random access point (IDR, or CRA/BLA of HEVC).</summary>
    Key,

    /// <summary>Intra-coded, but pictures after it may refer to pictures before it.</summary>
    Intra,

    /// <summary>Predicted from other pictures.</summary>
    Predicted,

    /// <summary>Predicted from pictures on both sides in presentation order.</summary>
    Bidirectional,
}
