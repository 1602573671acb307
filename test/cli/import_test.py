#!/usr/bin/env python3
"""Imports models as users and scripts do. Usage: import_test.py PATH_OF_TILEWRIGHT"""

import json

import program_case
from program_case import ROOT, CommandLineTest

MODELS = ROOT / "test" / "data" / "hf"
LLAMA = MODELS / "llama-3.2-1b.json"


class ImportTest(CommandLineTest):
    def config(self, **changes):
        """Llama's configuration with other fields; None takes one away."""
        fields = json.loads(LLAMA.read_text()) | changes
        kept = {key: value for key, value in fields.items() if value is not None}
        return self.file("config.json", json.dumps(kept, indent=2))

    def test_the_help_lists_the_known_model_types(self):
        text = self.succeed("import", "--help")
        self.assertEqual(text, self.succeed("import", "hf", "--help"))
        for words in ("--seq-len", "default 2048", "deepseek_v3", "Examples:"):
            self.assertIn(words, text)

    def test_a_suite_goes_to_standard_output(self):
        text = self.succeed("import", "hf", LLAMA)
        self.assertEqual(text, (
            "schema: tilewright/workload/v1\nname: llama\n"
            'description: "llama, prefill at 2048, from a Hugging Face config.json"\n'
            "workloads:\n"
            "  - {name: llama-prefill-2048, heads: 32, kv_heads: 8, q_len: 2048, qk_dim: 64, "
            "mask: causal, repeat: 16}\n"))
        self.assertEqual(text, self.succeed("import", "hf", LLAMA, "-o", "-"))

    def test_the_options_choose_phase_length_batch_and_name(self):
        text = self.succeed("import", "hf", LLAMA, "--phase", "decode", "--seq-len", 4096,
                            "--batch", 8, "--name", "tiny")
        self.assertIn("name: tiny\n", text)
        self.assertIn("{name: tiny-decode-4096, batch: 8, heads: 32, kv_heads: 8, q_len: 1, "
                      "kv_len: 4096, qk_dim: 64, repeat: 16}", text)

    def test_a_file_is_written_and_listed(self):
        path = self.folder / "llama.yaml"
        listing = self.succeed("import", "hf", LLAMA, "-o", path)
        self.assertRegex(listing, r"(?m)^  llama-prefill-2048 +1 +32/8 +2,048 .*causal +16$")
        self.assertEqual(path.read_text(), self.succeed("import", "hf", LLAMA))
        self.assertEqual(list(self.folder.iterdir()), [path])

    def test_what_is_written_is_valid(self):
        for config in sorted(MODELS.glob("*.json")):
            for phase in ("prefill", "decode"):
                with self.subTest(config=config.name, phase=phase):
                    path = self.folder / f"{config.stem}-{phase}.yaml"
                    done = self.run_program("import", "hf", config, "--phase", phase, "-o", path)
                    if done.returncode == 2:
                        self.assertIn("only encodes", done.stderr)
                        continue
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertEqual(self.run_program("validate", path).returncode, 0)

    def test_an_imported_layer_can_be_tuned(self):
        path = self.folder / "vit.yaml"
        self.succeed("import", "hf", MODELS / "vit-base-patch16-224.json", "-o", path)
        card = self.succeed("tune", "--hw", "mas-edge", "--workload", path, "--schedule", "mas")
        self.assertIn("vit-197", card)

    def test_missing_and_ill_typed_fields_are_named_with_file_and_line(self):
        self.fails(2, "import", "hf", self.config(num_hidden_layers=None),
                   says=["config.json:1: num_hidden_layers: missing, expected a whole number"])
        self.fails(2, "import", "hf", self.config(num_attention_heads="32"),
                   says=["config.json:9: num_attention_heads: is the text '32'"])
        self.fails(2, "import", "hf", self.config(num_key_value_heads=7),
                   says=["config.json:11: num_key_value_heads: is 7, expected a divisor"])
        self.fails(2, "import", "hf", self.config(num_hidden_layers=10**30),
                   says=["num_hidden_layers", "does not fit 64 bits"])

    def test_an_unknown_architecture_gets_the_list_of_the_known(self):
        path = self.config(model_type="falcon", architectures=["FalconForCausalLM"])
        self.fails(2, "import", "hf", path,
                   says=["config.json:8: model_type: 'falcon' is unknown", "bert, clip,", "whisper"])

    def test_what_is_no_configuration_is_refused(self):
        self.fails(2, "import", "hf", self.folder / "none.json", says=["none.json: no such file"])
        self.fails(2, "import", "hf", self.folder, says=["is a directory, expected a file"])
        self.fails(2, "import", "hf", self.file("e.json", ""), says=["e.json", "empty"])
        self.fails(2, "import", "hf", self.file("y.json", "a: 1\n"), says=["y.json:1: not valid JSON"])
        self.fails(2, "import", "hf", self.file("cut.json", '{\n"a": 1,\n'),
                   says=["cut.json:3: not valid JSON: unexpected end of input"])
        self.fails(2, "import", "hf", self.file("list.json", "[1]"),
                   says=["list.json:1: the top level is a list, expected a map"])

    def test_bad_usage_is_refused(self):
        self.fails(2, "import", "onnx", LLAMA, says=["import: 'onnx' is unknown, expected one of hf"])
        self.fails(2, "import", "hf", says=["CONFIG", "required"])
        for option, value, words in (("--seq-len", "0", "from 1 to 2147483648"),
                                     ("--seq-len", "2147483649", "from 1 to 2147483648"),
                                     ("--batch", "many", "from 1 to 2147483648"),
                                     ("--phase", "decod", "did you mean 'decode'"),
                                     ("--name", "My Model", "lower-case"),
                                     ("--name", "m" * 60, "at most 64")):
            self.fails(2, "import", "hf", LLAMA, option, value, says=[words])

    def test_a_wrong_place_for_the_output_leaves_nothing_behind(self):
        own = self.config()
        before = own.read_text()
        self.fails(2, "import", "hf", own, "-o", self.folder / "x.json", says=["-o", ".yaml"])
        self.fails(3, "import", "hf", own, "-o", self.folder / "none" / "x.yaml", says=["none"])
        named_yaml = self.file("config.yaml", before)
        self.fails(2, "import", "hf", named_yaml, "-o", named_yaml, says=["-o", "CONFIG"])
        self.fails(2, "import", "hf", self.config(model_type="x", architectures=[]),
                   "-o", self.folder / "x.yaml")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["config.json", "config.yaml"])
        self.assertEqual(named_yaml.read_text(), before)


if __name__ == "__main__":
    program_case.main(__doc__)
