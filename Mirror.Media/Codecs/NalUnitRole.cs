namespace Mirror.Media.Codecs;

/// <summary>What a NAL unit means for the bounds of access units (H.264 §7.4.1.2.3, H.265 §7.4.2.4.4).</summary>
public enum NalUnitRole
{
    /// <summary>It cannot be a NAL unit of a sound stream.</summary>
    Malformed,

    /// <summary>A slice whose header cannot be read: its picture is not whole.</summary>
    DamagedSlice,

    /// <summary>The first slice of a picture.</summary>
    StartsPicture,

    /// <summary>A further slice of the picture, or a slice of the second field of its frame.</summary>
    ContinuesPicture,

    /// <summary>Behind a picture it starts the next access unit: delimiter, parameter sets, SEI.</summary>
    PrecedesPicture,

    /// <summary>Belongs to the access unit in which it stands.</summary>
    Other,
}
