using System.ComponentModel.DataAnnotations;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Configuration;

namespace Mirror.ServiceDefaults.Tests.Configuration;

public sealed class MirrorSettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_command_line_wins_over_the_environment_over_the_named_files_over_the_file_that_comes_with_Mirror()
    {
        _folder.Write("configs/mirror.yaml", "sample:\n  port: 1\n  wait: 1s\n  rate: 1Mbps\n  size: 1KiB\n  name: one\n");
        string second = _folder.Write("second.yaml", "sample: {wait: 2s, rate: 2Mbps, size: 2KiB, name: two}");
        string third = _folder.Write("third.yaml", "sample: {rate: 3Mbps, size: 3KiB, name: three}");

        SampleOptions options = Bind(["--config", third, "--sample.name=five"],
            new() { ["MIRROR_CONFIG"] = second, ["MIRROR_SAMPLE_SIZE"] = "4KiB", ["MIRROR_SAMPLE_NAME"] = "four" });

        Assert.Equal(1, options.Port);
        Assert.Equal(TimeSpan.FromSeconds(2), options.Wait);
        Assert.Equal(new Bitrate(3_000_000), options.Rate);
        Assert.Equal(new ByteSize(4096), options.Size);
        Assert.Equal("five", options.Name);
    }

    [Fact]
    public void Without_any_source_the_defaults_hold()
    {
        SampleOptions options = Bind([], []);
        Assert.Equal(4000, options.Port);
        Assert.Equal("none", options.Name);
    }

    [Fact]
    public void A_variable_reaches_a_key_with_underscores_in_a_nested_section()
        => Assert.Equal(256, Bind([], new() { ["MIRROR_SAMPLE_INNER_PART_KEY_LENGTH"] = "256" }).InnerPart.KeyLength);

    [Fact]
    public void A_relative_path_starts_from_the_root_folder()
    {
        _folder.Write("configs/mirror.yaml", "");
        Assert.Equal(Path.Combine(_folder.Path, "data", "x"), Bind(["--sample.directory", "data/x"], []).Directory);
        Assert.Equal(Path.Combine(_folder.Path, ".mirror"), Bind([], []).Directory);
        Assert.Equal("/srv", Bind(["--sample.directory", "/srv"], []).Directory);
    }

    [Fact]
    public void The_source_tree_around_the_program_is_the_root_when_the_working_directory_is_none()
    {
        _folder.Write("tree/configs/mirror.yaml", "");
        _folder.Write("tree/Mirror.sln", "");
        _folder.Write("tree/a/bin/x", "");
        _folder.Write("other/Mirror.sln", "");
        _folder.Write("other/bin/x", "");
        Assert.Equal(At("tree"), MirrorRoot.Find(_folder.Path, At("tree/a/bin")));
        Assert.Equal(At("other"), MirrorRoot.Find(At("other"), At("other/bin")));
        Assert.Equal(At("tree"), MirrorRoot.Find(At("tree"), At("other/bin")));
    }

    private static readonly Dictionary<string, (string[] Arguments, string Message)> Mistakes = new()
    {
        ["a number out of range"] = (["--sample.port", "99999"],
            "sample.port = 99999 (from --sample.port): allowed is a whole number from 0 to 65535."),
        ["no number"] = (["--sample.port=http"],
            "sample.port = http (from --sample.port): allowed is a whole number from 0 to 65535."),
        ["a duration without a unit"] = (["--sample.wait", "5"],
            "sample.wait = 5 (from --sample.wait): allowed is a duration from 20ms to 8s."),
        ["a duration out of range"] = (["--sample.wait", "1h"],
            "sample.wait = 1h (from --sample.wait): allowed is a duration from 20ms to 8s."),
        ["a negative duration"] = (["--sample.wait=-5s"],
            "sample.wait = -5s (from --sample.wait): allowed is a duration from 20ms to 8s."),
        ["a size for a rate"] = (["--sample.rate", "4MiB"],
            "sample.rate = 4MiB (from --sample.rate): allowed is a rate such as 50Mbps."),
        ["a size out of range"] = (["--sample.size", "1GiB"],
            "sample.size = 1GiB (from --sample.size): allowed is a size from 1KiB to 1MiB."),
        ["no boolean"] = (["--sample.enabled", "yes"],
            "sample.enabled = yes (from --sample.enabled): allowed is true or false."),
        ["no member of an enumeration"] = (["--sample.mode", "SlowMotion"],
            "sample.mode = SlowMotion (from --sample.mode): allowed is fast_forward or slow_motion."),
        ["a value that is not listed"] = (["--sample.inner_part.key_length", "100"],
            "sample.inner_part.key_length = 100 (from --sample.inner_part.key_length): allowed is 128 or 256."),
        ["no address"] = (["--sample.address", "localhost"],
            "sample.address = localhost (from --sample.address): allowed is * (every address) or an IP address such as 127.0.0.1 or ::1."),
        ["two values that exclude each other"] = (["--sample.name", "same", "--sample.other", "same"],
            "sample.other = same (from --sample.other): allowed is anything but sample.name."),
        ["a bad secret is not shown"] = (["--sample.secret", "hunter2"],
            "sample.secret = (hidden) (from --sample.secret): allowed is a text of 10 to 20 characters."),
        ["an unknown key near a known one"] = (["--sample.prot", "1"],
            "sample.prot (from --sample.prot): unknown key. Did you mean sample.port?"),
        ["an unknown key far from any"] = (["--sample.inner_part.colour_of_sky", "1"],
            "sample.inner_part.colour_of_sky (from --sample.inner_part.colour_of_sky): unknown key. Allowed: sample.inner_part.key_length."),
        ["a section in place of a key"] = (["--sample", "1"],
            "sample (from --sample): unknown key. Allowed: {sections}."),
        ["a missing value"] = (["--sample.port", "--sample.wait", "5s"], "--sample.port: a value is missing. Allowed: --sample.port VALUE."),
        ["a stray word"] = (["sample.port"], "sample.port: unknown argument. Allowed: --key value; --help lists the keys."),
        ["clashing ports"] = (["--sample.second_port", "4000"],
            "sample.second_port = 4000 (from --sample.second_port): the udp port is taken by sample.port = 4000; allowed is another one, or 0 for a free one."),
        ["a file that is not there"] = (["--config", "nowhere.yaml"], "nowhere.yaml: cannot be read: Could not find file '{folder}/nowhere.yaml'."),
    };

    public static TheoryData<string> MistakeNames => new(Mistakes.Keys);

    [Theory, MemberData(nameof(MistakeNames))]
    public void A_mistake_stops_the_start_with_one_line(string name)
    {
        MirrorStartException error = Assert.Throws<MirrorStartException>(() => Bind(Mistakes[name].Arguments, []));
        IEnumerable<string> sections = SettingReference.Entries.Select(entry => entry.Key.Split('.')[0]).Append("sample").Distinct().Order();
        Assert.Equal(Mistakes[name].Message.Replace("{folder}", _folder.Path).Replace("{sections}", string.Join(", ", sections)), error.Message);
        Assert.Equal(2, error.ExitCode);
    }

    [Theory]
    [InlineData("a: [1", "configs/mirror.yaml line 2: While parsing")]
    [InlineData("sample:\n  port: 1\n  port: 2\n", "line 3")]
    [InlineData("sample:\n  port: [1, 2]\n", "sample.port (from configs/mirror.yaml line 2)")]
    [InlineData("just text", "line 1")]
    [InlineData("sample:\n  prot: 2\n", "sample.prot (from configs/mirror.yaml line 2): unknown key. Did you mean sample.port?")]
    [InlineData("sample:\n  port: 70000\n", "sample.port = 70000 (from configs/mirror.yaml line 2): allowed is a whole number from 0 to 65535.")]
    [InlineData("a: &a {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}", "a.b.c.d.e.f.g.h")]
    [InlineData("a: &a [*a]", "a (from")]
    public void A_broken_file_stops_the_start_with_one_line_that_names_the_place(string yaml, string expected)
    {
        _folder.Write("configs/mirror.yaml", yaml);
        MirrorStartException error = Assert.Throws<MirrorStartException>(() => Bind([], []));
        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("sample:\n")]
    [InlineData("sample:\n  # port: 1\n")]
    [InlineData("sample:\n  inner_part:\n")]
    public void An_empty_file_or_section_is_fine(string yaml)
    {
        _folder.Write("configs/mirror.yaml", yaml);
        Assert.Equal(4000, Bind([], []).Port);
    }

    [Theory]
    [InlineData("MIRROR_SAMPLE_PROT", "5", "MIRROR_SAMPLE_PROT (from the environment): unknown key. Did you mean MIRROR_SAMPLE_PORT?")]
    [InlineData("MIRROR_SAMPLE_PORT", "x", "sample.port = x (from MIRROR_SAMPLE_PORT): allowed is a whole number from 0 to 65535.")]
    public void A_mistake_in_the_environment_stops_the_start(string variable, string value, string message)
        => Assert.Equal(message, Assert.Throws<MirrorStartException>(() => Bind([], new() { [variable] = value })).Message);

    [Fact]
    public void Variables_that_Kubernetes_sets_for_a_service_named_mirror_are_no_settings()
        => Assert.Equal(4000, Bind([], new()
        {
            ["MIRROR_SERVICE_HOST"] = "10.0.0.1",
            ["MIRROR_SERVICE_PORT"] = "8443",
            ["MIRROR_SERVICE_PORT_HTTPS"] = "8443",
            ["MIRROR_PORT"] = "tcp://10.0.0.1:8443",
            ["MIRROR_PORT_8443_TCP"] = "tcp://10.0.0.1:8443",
            ["MIRROR_PORT_8443_TCP_ADDR"] = "10.0.0.1",
            ["MIRROR_ORIGIN_SERVICE_HOST"] = "10.0.0.2",
        }).Port);

    [Theory]
    [InlineData("--sample.second_port 4000 --sample.enabled false")]                                        // not opened
    [InlineData("--sample.port 0 --sample.second_port 0")]                                                  // free ones
    [InlineData("--sample.third_port 4000")]                                                                // TCP and UDP
    [InlineData("--sample.address 127.0.0.1 --sample.second_address 127.0.0.2 --sample.second_port 4000")]  // two addresses
    public void Ports_that_do_not_clash_are_fine(string arguments) => Bind(arguments.Split(' '), []);

    [Fact]
    public void The_printed_configuration_is_read_back_as_it_was_and_hides_secrets()
    {
        MirrorSettings settings = Load(["--sample.wait", "0.5s", "--sample.secret", "correct horse", "--sample.name", "a \"b\" \\c"], []);
        settings.Bind<SampleOptions>("sample");
        string printed = settings.Print();

        Assert.DoesNotContain("correct horse", printed);
        Assert.Contains("  wait: 500ms   # --sample.wait\n", printed);
        Assert.Contains("  # secret: \"(hidden)\"   # --sample.secret\n", printed);
        Assert.Contains("  inner_part:\n    key_length: 128\n", printed);
        string file = _folder.Write("printed.yaml", printed);
        SampleOptions again = Bind(["--config", file], []);
        Assert.Equal(TimeSpan.FromSeconds(0.5), again.Wait);
        Assert.Equal("a \"b\" \\c", again.Name);
    }

    [Fact]
    public void A_section_is_read_once()
    {
        MirrorSettings settings = Load([], []);
        Assert.Same(settings.Bind<SampleOptions>("sample"), settings.Bind<SampleOptions>("sample"));
    }

    private string At(string path) => Path.Combine(_folder.Path, path);

    private MirrorSettings Load(string[] arguments, Dictionary<string, string> environment) => new(arguments, environment, _folder.Path, _folder.Path);

    private SampleOptions Bind(string[] arguments, Dictionary<string, string> environment)
    {
        MirrorSettings settings = Load(arguments, environment);
        SampleOptions options = settings.Bind<SampleOptions>("sample");
        settings.ThrowIfInconsistent();
        return options;
    }

    private sealed class SampleOptions : IValidatableObject
    {
        public bool Enabled { get; set; } = true;
        [Port(PortProtocol.Udp, AddressProperty = nameof(Address))] public int Port { get; set; } = 4000;
        [Port(PortProtocol.Udp, AddressProperty = nameof(SecondAddress), EnabledProperty = nameof(Enabled))] public int SecondPort { get; set; } = 4001;
        [Port(PortProtocol.Tcp)] public int ThirdPort { get; set; } = 4002;
        [LocalAddress] public string Address { get; set; } = "*";
        [LocalAddress] public string SecondAddress { get; set; } = "*";
        [Range(typeof(TimeSpan), "00:00:00.020", "00:00:08")] public TimeSpan Wait { get; set; } = TimeSpan.FromSeconds(1);
        public Bitrate Rate { get; set; } = Bitrate.FromMegabits(50);
        [Range(typeof(ByteSize), "1KiB", "1MiB")] public ByteSize Size { get; set; } = new(2048);
        public SampleMode Mode { get; set; }
        public string Name { get; set; } = "none";
        public string Other { get; set; } = "";
        [Secret, StringLength(20, MinimumLength = 10, ErrorMessage = "allowed is a text of 10 to 20 characters")] public string Secret { get; set; } = "0123456789";
        [FilePath] public string Directory { get; set; } = ".mirror";
        public InnerOptions InnerPart { get; set; } = new();

        public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
        {
            if (Name == Other) { yield return new("allowed is anything but sample.name", [nameof(Other)]); }
        }
    }

    private sealed class InnerOptions
    {
        [AllowedValues(128, 256)] public int KeyLength { get; set; } = 128;
    }

    private enum SampleMode
    {
        FastForward,
        SlowMotion,
    }
}
