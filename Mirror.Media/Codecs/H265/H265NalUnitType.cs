namespace Mirror.Media.Codecs.H265;

/// <summary>nal_unit_type values that Mirror tells apart (H.265 Table 7-1).</summary>
public enum H265NalUnitType : byte
{
    /// <summary>Random access decodable leading picture, not referred to within its sub-layer.</summary>
    RadlN = 6,

    /// <summary>Random access decodable leading picture.</summary>
    RadlR = 7,

    /// <summary>Random access skipped leading picture, not referred to within its sub-layer.</summary>
    RaslN = 8,

    /// <summary>Random access skipped leading picture: not decodable when decoding starts at its random access point.</summary>
    RaslR = 9,

    /// <summary>Broken link access; skipped leading pictures may follow. The first of the random access types.</summary>
    BlaWLp = 16,

    /// <summary>Broken link access; decodable leading pictures may follow.</summary>
    BlaWRadl = 17,

    /// <summary>Broken link access without leading pictures.</summary>
    BlaNLp = 18,

    /// <summary>Instantaneous decoding refresh; decodable leading pictures may follow.</summary>
    IdrWRadl = 19,

    /// <summary>Instantaneous decoding refresh without leading pictures.</summary>
    IdrNLp = 20,

    /// <summary>Clean random access; leading pictures of both kinds may follow.</summary>
    Cra = 21,

    /// <summary>The last of the random access types, reserved.</summary>
    LastIrap = 23,

    /// <summary>The last of the types that carry slices.</summary>
    LastVcl = 31,

    /// <summary>Video parameter set.</summary>
    Vps = 32,

    /// <summary>Sequence parameter set.</summary>
    Sps = 33,

    /// <summary>Picture parameter set.</summary>
    Pps = 34,

    /// <summary>Access unit delimiter.</summary>
    AccessUnitDelimiter = 35,

    /// <summary>Filler data.</summary>
    Filler = 38,

    /// <summary>Supplemental enhancement information before the picture.</summary>
    PrefixSei = 39,
}
