using Mirror.ServiceDefaults.Configuration;
using Mirror.ServiceDefaults.Hosting;

namespace Mirror.ServiceDefaults.Tests.Configuration;

public sealed class SettingReferenceTests
{
    [Fact]
    public void Every_key_of_the_file_is_explained()
    {
        Assert.NotEmpty(SettingReference.Entries);
        Assert.All(SettingReference.Entries, entry => Assert.True(entry.Comment.Length > 10, $"{entry.Key} has no comment"));
    }

    [Fact]
    public void No_two_keys_share_a_variable()
        => Assert.Equal(SettingReference.Entries.Count, SettingReference.Entries.Select(entry => EnvironmentSettings.NameOf(entry.Key)).Distinct().Count());

    [Fact]
    public void A_key_that_is_commented_out_is_known_in_its_section()
        => Assert.Contains(SettingReference.Entries, entry => entry is { Key: "package.part_duration", Value: "100ms" });

    [Fact]
    public void Help_lists_every_key()
    {
        string help = HelpText.Write(SettingReference.Entries);
        Assert.All(SettingReference.Entries, entry => Assert.Contains($"--{entry.Key} {entry.Value}", help));
    }
}
