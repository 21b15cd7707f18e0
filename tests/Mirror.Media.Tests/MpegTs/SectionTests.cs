using Mirror.Media.MpegTs;

namespace Mirror.Media.Tests.MpegTs;

public class SectionTests
{
    // PAT and PMT of FFmpeg's muxer: one programme, H.264 on 0x100 and AAC on 0x101.
    private const string Pat = "00B00D0001C100000001F0002AB104B2";
    private const string Pmt = "02B0170001C10000E100F0001BE100F0000FE101F0002F44B99B";

    private static List<byte[]> Read(SectionAssembler assembler)
    {
        List<byte[]> sections = [];
        while (assembler.TryRead(out ReadOnlySpan<byte> section)) { sections.Add(section.ToArray()); }
        return sections;
    }

    [Fact]
    public void Checksum_of_a_section_with_its_own_is_zero()
    {
        Assert.Equal(0x0376_E6E7u, Crc32Mpeg2.Compute("123456789"u8));
        Assert.Equal(0u, Crc32Mpeg2.Compute(Convert.FromHexString(Pat)));
    }

    [Fact]
    public void Program_association()
    {
        Assert.True(PsiSection.TryParse(Convert.FromHexString(Pat), out PsiSection section));
        Assert.True(ProgramAssociation.TryParse(section, out ProgramAssociation association));
        Assert.Equal(1, association.Count);
        Assert.True(association.TryFirst(out ushort program, out ushort pid));
        Assert.Equal((1, 0x1000), (program, pid));
        Assert.True(association.TryFind(1, out pid));
        Assert.False(association.TryFind(2, out _));
    }

    [Fact]
    public void The_network_pid_is_not_a_programme()
    {
        byte[] bytes = TransportStreamBuilder.ProgramAssociationSection(3, (0, 0x10), (7, 0x123));
        Assert.True(PsiSection.TryParse(bytes, out PsiSection section));
        Assert.Equal(3, section.Version);
        Assert.True(ProgramAssociation.TryParse(section, out ProgramAssociation association));
        Assert.True(association.TryFirst(out ushort program, out ushort pid));
        Assert.Equal((7, 0x123), (program, pid));
    }

    [Fact]
    public void Program_map()
    {
        byte[] bytes = TransportStreamBuilder.ProgramMapSection(1, 5, 0x1FFF, (0x1B, 0x100, []), (0x06, 0x101, [5, 4, .. "Opus"u8, 0x7F, 2, 0x80, 2]));
        Assert.True(PsiSection.TryParse(bytes, out PsiSection section));
        Assert.True(ProgramMap.TryParse(section, out ProgramMap map));
        Assert.Equal((1, 0x1FFF), (map.ProgramNumber, map.PcrPid));
        ReadOnlySpan<byte> streams = map.Streams;
        Assert.True(ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo stream));
        Assert.Equal((StreamType.H264, 0x100, 0u, -1), (stream.StreamType, stream.Pid, stream.FormatIdentifier, stream.OpusChannelConfigCode));
        Assert.True(ElementaryStreamInfo.TryRead(ref streams, out stream));
        Assert.Equal((StreamType.PrivatePes, 0x101, StreamType.OpusFormat, 2), (stream.StreamType, stream.Pid, stream.FormatIdentifier, stream.OpusChannelConfigCode));
        Assert.False(ElementaryStreamInfo.TryRead(ref streams, out _));
    }

    [Theory]
    [InlineData("86 07 C1 656E67 7E 3FFF", "CC1=en")]                       // field 1
    [InlineData("86 0D C2 656E67 C1 3FFF 737061 7F 3FFF", "CC3=es SERVICE1=en")]
    [InlineData("86 0D C2 756E64 C1 3FFF 716161 C2 3FFF", "SERVICE1= SERVICE2=qaa")]
    [InlineData("86 07 C3 667265 FF 3FFF", "SERVICE63=fr")]                 // more announced than there are
    [InlineData("86 07 C1 656E67 C0 3FFF", null)]                           // no service has the number 0
    [InlineData("86 07 C1 22000A C1 3FFF", "SERVICE1=")]                    // no letters
    [InlineData("86 06 C1 656E67 C1 3F", null)]
    [InlineData("86 00", null)]
    [InlineData("", null)]
    public void Caption_services_of_the_program_map(string hex, string? expected)
    {
        byte[] bytes = TransportStreamBuilder.ProgramMapSection(1, 5, 0x100, (0x1B, 0x100, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));
        Assert.True(PsiSection.TryParse(bytes, out PsiSection section));
        Assert.True(ProgramMap.TryParse(section, out ProgramMap map));
        ReadOnlySpan<byte> streams = map.Streams;
        Assert.True(ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo stream));
        Assert.Equal(expected, stream.Captions is { } captions ? string.Join(' ', captions.Services.Select(service => $"{service.InstreamId}={service.Language}")) : null);
    }

    [Fact]
    public void A_section_with_any_damaged_bit_is_refused()
    {
        byte[] bytes = Convert.FromHexString(Pmt);
        bool isSound = PsiSection.TryParse(bytes, out _);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(PsiSection.TryParse(bytes, out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        for (int length = 0; length < bytes.Length; length++) { Assert.False(PsiSection.TryParse(bytes.AsSpan(0, length), out _)); }
        Assert.True(isSound);
    }

    [Fact]
    public void A_table_to_come_is_not_in_force()
    {
        byte[] bytes = TransportStreamBuilder.LongSection(0, 1, 0, [0, 1, 0xF0, 0], isCurrent: false);
        Assert.True(PsiSection.TryParse(bytes, out PsiSection section));
        Assert.False(ProgramAssociation.TryParse(section, out _));
    }

    [Fact]
    public void Sections_are_put_together_whatever_the_size_of_the_pieces()
    {
        byte[] first = TransportStreamBuilder.LongSection(2, 1, 0, new byte[400]);
        byte[] second = Convert.FromHexString(Pat);
        byte[] third = TransportStreamBuilder.LongSection(2, 2, 0, new byte[1012]);
        byte[] all = [.. first, .. second, .. third, 0xFF, 0xFF];
        for (int size = 1; size <= 184; size++)
        {
            var assembler = new SectionAssembler();
            List<byte[]> sections = [];
            int position = 0;
            while (position < all.Length)
            {
                // A pointer_field stands in each packet in which a section starts.
                int start = new[] { 0, first.Length, first.Length + second.Length }.FirstOrDefault(s => s >= position && s < position + size, -1);
                int taken = Math.Min(start >= 0 ? Math.Max(1, size - 1) : size, all.Length - position);
                bool starts = start >= 0 && start < position + taken;
                byte[] piece = all[position..(position + taken)];
                assembler.Write(starts ? [(byte)(start - position), .. piece] : piece, starts);
                sections.AddRange(Read(assembler));
                position += taken;
            }
            Assert.Equal([first, second, third], sections);
            Assert.Equal(0, assembler.MalformedSections);
        }
    }

    [Fact]
    public void A_section_cut_off_by_the_next_is_dropped()
    {
        byte[] cut = TransportStreamBuilder.LongSection(2, 1, 0, new byte[300]);
        byte[] whole = Convert.FromHexString(Pat);
        var assembler = new SectionAssembler();
        assembler.Write([0, .. cut[..183]], unitStart: true);
        Assert.Empty(Read(assembler));
        assembler.Write([0, .. whole, 0xFF], unitStart: true);
        Assert.Equal([whole], Read(assembler));
        Assert.Equal(1, assembler.MalformedSections);
    }

    [Fact]
    public void Sections_longer_than_allowed_are_dropped()
    {
        var assembler = new SectionAssembler();
        assembler.Write([0, 2, 0xBF, 0xFF, .. new byte[180]], unitStart: true);
        Assert.Empty(Read(assembler));
        for (int i = 0; i < 100; i++)
        {
            assembler.Write(new byte[184], unitStart: false);
            Assert.Empty(Read(assembler));
        }
        assembler.Write([0, .. Convert.FromHexString(Pat)], unitStart: true);
        Assert.Single(Read(assembler));
        Assert.Equal(1, assembler.MalformedSections);
    }

    [Fact]
    public void Random_payloads_give_no_section_that_passes()
    {
        var random = new Random(3);
        var assembler = new SectionAssembler();
        var payload = new byte[184];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(payload);
            assembler.Write(payload.AsSpan(0, random.Next(185)), random.Next(2) == 0);
            foreach (byte[] section in Read(assembler)) { Assert.False(PsiSection.TryParse(section, out _)); }
        }
    }
}
