using System.Buffers.Binary;
using Mirror.Media.Frames;

namespace Mirror.Media.MpegTs;

/// <summary>One elementary stream's entry of a program map (ITU-T H.222.0 §2.4.4.9), with the descriptors that tell its codec.</summary>
public readonly ref struct ElementaryStreamInfo
{
    private const int HeaderLength = 5;
    private const byte RegistrationTag = 0x05;
    private const byte LanguageTag = 0x0A;
    private const int LanguageLength = 3;
    private const byte Ac3Tag = 0x6A;                       // ETSI EN 300 468 Annex D
    private const byte EnhancedAc3Tag = 0x7A;
    private const byte CaptionServiceTag = 0x86;            // ATSC A/65 §6.9.2
    private const int CaptionServiceLength = 6;
    private const byte ExtensionTag = 0x7F;                 // ETSI EN 300 468 §6.2.18.1
    private const byte OpusExtensionTag = 0x80;

    /// <summary>stream_type.</summary>
    public byte StreamType { get; private init; }

    /// <summary>The PID of its packets.</summary>
    public ushort Pid { get; private init; }

    /// <summary>Its descriptors: tag, length, body, one after the other.</summary>
    public ReadOnlySpan<byte> Descriptors { get; private init; }

    /// <summary>Reads the next entry of <see cref="ProgramMap.Streams"/> and moves <paramref name="streams"/> past it.</summary>
    /// <returns><see langword="false"/> at the end, or where an entry overflows the section.</returns>
    public static bool TryRead(scoped ref ReadOnlySpan<byte> streams, out ElementaryStreamInfo stream)
    {
        stream = default;
        if (streams.Length < HeaderLength) { return false; }
        int infoLength = BinaryPrimitives.ReadUInt16BigEndian(streams[3..]) & 0x0FFF;
        if (HeaderLength + infoLength > streams.Length) { return false; }
        stream = new ElementaryStreamInfo
        {
            StreamType = streams[0],
            Pid = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(streams[1..]) & 0x1FFF),
            Descriptors = streams.Slice(HeaderLength, infoLength),
        };
        streams = streams[(HeaderLength + infoLength)..];
        return true;
    }

    /// <summary>The four characters of the registration descriptor (§2.6.8) as a big-endian number; 0 when there is none.</summary>
    public uint FormatIdentifier
        => TryFindDescriptor(RegistrationTag, out ReadOnlySpan<byte> body) && body.Length >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(body) : 0;

    /// <summary>It carries AC-3 or E-AC-3: by stream_type (ATSC), or as private PES by descriptor (DVB) or registration.</summary>
    public bool IsAc3
        => StreamType is MpegTs.StreamType.Ac3 or MpegTs.StreamType.Eac3
            || (StreamType == MpegTs.StreamType.PrivatePes
                && (FormatIdentifier is MpegTs.StreamType.Ac3Format or MpegTs.StreamType.Eac3Format || TryFindDescriptor(Ac3Tag, out _) || TryFindDescriptor(EnhancedAc3Tag, out _)));

    /// <summary>channel_config_code of an Opus stream (DVB extension descriptor, tag extension 0x80); -1 when absent.</summary>
    public int OpusChannelConfigCode
    {
        get
        {
            ReadOnlySpan<byte> rest = Descriptors;
            while (TryReadDescriptor(ref rest, out byte tag, out ReadOnlySpan<byte> body))
            {
                if (tag == ExtensionTag && body.Length >= 2 && body[0] == OpusExtensionTag) { return body[1]; }
            }
            return -1;
        }
    }

    /// <summary>The first language of the ISO 639 language descriptor (§2.6.18), in lower case; <see langword="null"/> where there is none, or it is undetermined.</summary>
    public string? Language => TryFindDescriptor(LanguageTag, out ReadOnlySpan<byte> body) && body.Length >= LanguageLength ? ReadLanguage(body[..LanguageLength]) : null;

    /// <summary>audio_type of that descriptor; 0 where there is none.</summary>
    public byte AudioType => TryFindDescriptor(LanguageTag, out ReadOnlySpan<byte> body) && body.Length > LanguageLength ? body[LanguageLength] : (byte)0;

    /// <summary>Services of the caption service descriptor; <see langword="null"/> if there are none.</summary>
    public CaptionServices? Captions
    {   //  reserved(3) number_of_services(5) | { language(24) digital_cc(1) reserved(1) number(6) | flags(16) } × n
        //  number is caption_service_number; of line 21 it is reserved(5) line21_field(1)
        get
        {
            if (!TryFindDescriptor(CaptionServiceTag, out ReadOnlySpan<byte> body) || body.IsEmpty) { return null; }
            List<CaptionService> services = [];
            int count = body[0] & 0x1F;
            for (body = body[1..]; count > 0 && body.Length >= CaptionServiceLength; body = body[CaptionServiceLength..], count--)
            {
                int number = body[3] & 0x3F;
                bool isDigital = (body[3] & 0x80) != 0;
                string id = isDigital ? $"SERVICE{number}" : (body[3] & 1) == 0 ? "CC1" : "CC3";
                if (!isDigital || number > 0) { services.Add(new CaptionService(id, ReadLanguage(body[..LanguageLength]) is { } code ? LanguageName.Of(code).Tag : null)); }
            }
            return services.Count > 0 ? new CaptionServices(services) : null;
        }
    }

    private static string? ReadLanguage(ReadOnlySpan<byte> code)
    {
        Span<char> letters = stackalloc char[LanguageLength];
        for (int i = 0; i < letters.Length; i++)
        {
            letters[i] = char.ToLowerInvariant((char)code[i]);
            if (!char.IsAsciiLetterLower(letters[i])) { return null; }
        }
        return letters is "und" or "mis" ? null : new string(letters);
    }

    private bool TryFindDescriptor(byte wanted, out ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> rest = Descriptors;
        while (TryReadDescriptor(ref rest, out byte tag, out body))
        {
            if (tag == wanted) { return true; }
        }
        return false;
    }

    private static bool TryReadDescriptor(scoped ref ReadOnlySpan<byte> descriptors, out byte tag, out ReadOnlySpan<byte> body)
    {
        tag = 0;
        body = default;
        if (descriptors.Length < 2 || descriptors.Length < 2 + descriptors[1]) { return false; }
        tag = descriptors[0];
        body = descriptors.Slice(2, descriptors[1]);
        descriptors = descriptors[(2 + descriptors[1])..];
        return true;
    }
}
