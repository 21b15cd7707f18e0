using System.Buffers.Binary;

namespace Mirror.Media.MpegTs;

/// <summary>A view over a program map section: the elementary streams of one programme (ITU-T H.222.0 §2.4.4.9).</summary>
public readonly ref struct ProgramMap
{   //  reserved(3) PCR_PID(13) reserved(4) program_info_length(12) descriptors | { stream_type(8) res(3) PID(13) res(4) ES_info_length(12) descriptors } × n

    private const int HeaderLength = 4;

    /// <summary>The programme.</summary>
    public ushort ProgramNumber { get; private init; }

    /// <summary>The PID whose packets carry the programme's clock; 0x1FFF is none.</summary>
    public ushort PcrPid { get; private init; }

    /// <summary>Its elementary streams, read one after the other with <see cref="ElementaryStreamInfo.TryRead"/>.</summary>
    public ReadOnlySpan<byte> Streams { get; private init; }

    /// <summary>Reads a section that is in force.</summary>
    public static bool TryParse(in PsiSection section, out ProgramMap map)
    {
        map = default;
        ReadOnlySpan<byte> body = section.Body;
        if (section.TableId != PsiSection.ProgramMapTableId || !section.IsCurrent || body.Length < HeaderLength) { return false; }
        int infoLength = BinaryPrimitives.ReadUInt16BigEndian(body[2..]) & 0x0FFF;
        if (HeaderLength + infoLength > body.Length) { return false; }
        map = new ProgramMap
        {
            ProgramNumber = section.TableIdExtension,
            PcrPid = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(body) & 0x1FFF),
            Streams = body[(HeaderLength + infoLength)..],
        };
        return true;
    }
}
